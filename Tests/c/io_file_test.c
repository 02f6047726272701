/* Reading and writing whole files: what is left behind, what is said. Works as root and as another user. */
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness.h"
#include "io/file.h"
#include "io_support.h"

static io_counter counter;
static vae_allocator allocator;

static vae_status write_whole(const char *path, const char *text, vae_error *err) {
  vaei_file_writer writer;
  vae_status status = vaei_file_open(&writer, path, err);
  if (status != VAE_OK) return status;
  status = vaei_file_write(&writer, text, strlen(text), err);
  if (status != VAE_OK) {
    vaei_file_abandon(&writer);
    return status;
  }
  return vaei_file_commit(&writer, err);
}

static void check_content(const char *path, const char *text) {
  size_t size = 0;
  char *bytes = (char *)io_get(path, &size);
  CHECK_THAT(bytes && size == strlen(text) && memcmp(bytes, text, size) == 0, "%s holds \"%s\", expected \"%s\"", path,
             bytes ? bytes : "nothing", text);
  free(bytes);
}

static int entries_in(const char *folder) {
  DIR *listing = opendir(folder);
  int count = -2;
  if (!listing) return -1;
  while (readdir(listing)) count++;
  closedir(listing);
  return count;
}

static mode_t mode_of(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0 ? info.st_mode : 0;
}

static void test_reading(void) {
  vaei_bytes bytes;
  vae_error err = io_error();
  const io_path path = io_in_folder("read");
  static char large[300001];
  memset(large, 'x', sizeof large);
  CHECK(io_put(path.text, large, sizeof large));
  if (CHECK_OK(vaei_file_read(path.text, &allocator, &bytes, &err), &err)) {
    CHECK(bytes.size == sizeof large && memcmp(bytes.bytes, large, sizeof large) == 0);
    vaei_bytes_free(&bytes);
  }
  CHECK_STATUS(vaei_file_read(io_in_folder("none").text, &allocator, &bytes, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "cannot read ");
  CHECK_MESSAGE_HAS(err, "/none: No such file or directory");
  CHECK_STATUS(vaei_file_read(io_folder, &allocator, &bytes, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "it is a folder");
  CHECK_STATUS(vaei_file_read("/dev/zero", &allocator, &bytes, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "/dev/zero: it is neither a file nor a pipe");
  CHECK_STATUS(vaei_file_read("", &allocator, &bytes, &err), VAE_ERROR_IO);
  CHECK_STATUS(vaei_file_read(io_in_folder("read/x").text, &allocator, &bytes, &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "Not a directory");
  CHECK(io_put(io_in_folder("empty").text, "", 0));
  CHECK_STATUS(vaei_file_read(io_in_folder("empty").text, &allocator, &bytes, &err), VAE_ERROR_FORMAT);
  CHECK_MESSAGE_HAS(err, "/empty is empty");
  if (geteuid() != 0) {
    chmod(path.text, 0);
    CHECK_STATUS(vaei_file_read(path.text, &allocator, &bytes, &err), VAE_ERROR_IO);
    CHECK_MESSAGE_HAS(err, "Permission denied");
    chmod(path.text, 0600);
  }
  /* A file that does not tell its size. */
  if (CHECK_OK(vaei_file_read("/proc/self/status", &allocator, &bytes, &err), &err)) {
    CHECK(bytes.size > 10);
    vaei_bytes_free(&bytes);
  }
  counter.allocations = 0;
  counter.fail_at = 1;
  CHECK_STATUS(vaei_file_read(path.text, &allocator, &bytes, &err), VAE_ERROR_OUT_OF_MEMORY);
  counter.fail_at = 0;
  unlink(path.text);
  unlink(io_in_folder("empty").text);
  CHECK_EQUAL(counter.bytes_held, 0);
}

static void test_replacing(void) {
  vae_error err = io_error();
  const io_path path = io_in_folder("model");
  const mode_t mask = umask(027);
  CHECK_OK(write_whole(path.text, "first", &err), &err);
  umask(mask);
  check_content(path.text, "first");
  CHECK_EQUAL(mode_of(path.text) & 0777, 0640);
  chmod(path.text, 0604);
  CHECK_OK(write_whole(path.text, "second", &err), &err);
  check_content(path.text, "second");
  CHECK_EQUAL(mode_of(path.text) & 0777, 0604);
  CHECK_EQUAL(entries_in(io_folder), 1);

  /* Until the commit the old file stands; abandoned, nothing is left. */
  vaei_file_writer writer;
  CHECK_OK(vaei_file_open(&writer, path.text, &err), &err);
  CHECK_OK(vaei_file_write(&writer, "third", 5, &err), &err);
  check_content(path.text, "second");
  CHECK_EQUAL(entries_in(io_folder), 2);
  vaei_file_abandon(&writer);
  check_content(path.text, "second");
  CHECK_EQUAL(entries_in(io_folder), 1);

  /* Two writers of one target do not meet. */
  vaei_file_writer other;
  CHECK_OK(vaei_file_open(&writer, path.text, &err), &err);
  CHECK_OK(vaei_file_open(&other, path.text, &err), &err);
  CHECK(strcmp(writer.temporary, other.temporary) != 0);
  CHECK_OK(vaei_file_write(&writer, "one", 3, &err), &err);
  CHECK_OK(vaei_file_write(&other, "two", 3, &err), &err);
  CHECK_OK(vaei_file_commit(&writer, &err), &err);
  check_content(path.text, "one");
  CHECK_OK(vaei_file_commit(&other, &err), &err);
  check_content(path.text, "two");
  CHECK_EQUAL(entries_in(io_folder), 1);
  CHECK((fcntl(0, F_GETFD) & FD_CLOEXEC) == 0);
  unlink(path.text);

  /* A name as long as names can be, and one without a folder. */
  char name[256];
  memset(name, 'n', 255);
  name[255] = 0;
  CHECK_OK(write_whole(io_in_folder(name).text, "long", &err), &err);
  check_content(io_in_folder(name).text, "long");
  unlink(io_in_folder(name).text);
  char before[1024];
  if (getcwd(before, sizeof before) && chdir(io_folder) == 0) {
    CHECK_OK(write_whole("bare", "bare", &err), &err);
    check_content("bare", "bare");
    unlink("bare");
    CHECK(chdir(before) == 0);
  }
  CHECK_EQUAL(entries_in(io_folder), 0);
}

static void test_refusals(void) {
  vae_error err = io_error();
  CHECK_STATUS(write_whole(io_in_folder("no/such/file").text, "x", &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "cannot write ");
  CHECK_MESSAGE_HAS(err, "/no/such/file: No such file or directory");
  CHECK_STATUS(write_whole(io_folder, "x", &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "Is a directory");
  CHECK_STATUS(write_whole(io_in_folder("slash/").text, "x", &err), VAE_ERROR_IO);
  CHECK_STATUS(write_whole("", "x", &err), VAE_ERROR_IO);
  char path[6000];
  memset(path, 'x', sizeof path);
  path[sizeof path - 1] = 0;
  CHECK_STATUS(write_whole(path, "x", &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "File name too long");
  path[300] = 0;
  CHECK_STATUS(write_whole(io_in_folder(path).text, "x", NULL), VAE_ERROR_IO);
  if (geteuid() != 0) {
    const io_path target = io_in_folder("locked");
    CHECK(io_put(target.text, "old", 3));
    chmod(target.text, 0444);
    CHECK_STATUS(write_whole(target.text, "x", &err), VAE_ERROR_IO);
    CHECK_MESSAGE_HAS(err, "Permission denied");
    check_content(target.text, "old");
    chmod(target.text, 0644);
    chmod(io_folder, 0555);
    CHECK_STATUS(write_whole(target.text, "x", &err), VAE_ERROR_IO);
    CHECK_STATUS(write_whole(io_in_folder("new").text, "x", &err), VAE_ERROR_IO);
    CHECK_MESSAGE_HAS(err, "Permission denied");
    chmod(io_folder, 0755);
    check_content(target.text, "old");
    unlink(target.text);
  }
  CHECK_EQUAL(entries_in(io_folder), 0);
}

static void test_links(void) {
  vae_error err = io_error();
  const io_path folder = io_in_folder("real"), target = io_in_folder("real/file"), link = io_in_folder("link");
  const io_path second = io_in_folder("second"), loop = io_in_folder("loop"), absolute = io_in_folder("absolute");
  CHECK(mkdir(folder.text, 0755) == 0 && symlink("real/file", link.text) == 0 && symlink("link", second.text) == 0);
  CHECK(symlink(target.text, absolute.text) == 0 && symlink("loop", loop.text) == 0);
  /* First it leads to nothing yet. */
  CHECK_OK(write_whole(second.text, "one", &err), &err);
  check_content(target.text, "one");
  CHECK_OK(write_whole(link.text, "two", &err), &err);
  check_content(target.text, "two");
  CHECK_OK(write_whole(absolute.text, "three", &err), &err);
  check_content(target.text, "three");
  CHECK(S_ISLNK(mode_of(link.text)) && S_ISLNK(mode_of(second.text)) && S_ISLNK(mode_of(absolute.text)));
  CHECK(S_ISREG(mode_of(target.text)));
  CHECK_EQUAL(entries_in(folder.text), 1);
  CHECK_STATUS(write_whole(loop.text, "x", &err), VAE_ERROR_IO);
  CHECK(S_ISLNK(mode_of(loop.text)));
  unlink(target.text), unlink(link.text), unlink(second.text), unlink(loop.text), unlink(absolute.text);
  rmdir(folder.text);
  CHECK_EQUAL(entries_in(io_folder), 0);
}

static void *read_fifo(void *path) {
  size_t size = 0;
  return io_get(path, &size);
}

static void test_devices(void) {
  vae_error err = io_error();
  CHECK_STATUS(write_whole("/dev/full", "x", &err), VAE_ERROR_IO);
  CHECK_MESSAGE_HAS(err, "cannot write /dev/full: No space left on device");
  CHECK(S_ISCHR(mode_of("/dev/full")));
  CHECK_OK(write_whole("/dev/null", "x", &err), &err);
  CHECK(S_ISCHR(mode_of("/dev/null")));

  io_path fifo = io_in_folder("fifo");
  CHECK(mkfifo(fifo.text, 0600) == 0);
  pthread_t thread;
  void *got = NULL;
  CHECK(pthread_create(&thread, NULL, read_fifo, fifo.text) == 0);
  CHECK_OK(write_whole(fifo.text, "through the pipe", &err), &err);
  pthread_join(thread, &got);
  CHECK(got && strcmp(got, "through the pipe") == 0);
  free(got);
  CHECK(S_ISFIFO(mode_of(fifo.text)));
  CHECK_EQUAL(entries_in(io_folder), 1);
  unlink(fifo.text);
}

/* Standard output, in a child: a file that was begun goes on, appended to; the name in /dev stays. */
static void test_standard_output(void) {
  const io_path path = io_in_folder("stdout");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const int descriptor = open(path.text, O_WRONLY | O_CREAT, 0600);
    if (descriptor < 0 || write(descriptor, "begun ", 6) != 6 || dup2(descriptor, 1) != 1) _exit(2);
    _exit(write_whole("/dev/stdout", "done", NULL) == VAE_OK && write(1, " more", 5) == 5 ? 0 : 1);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);
  check_content(path.text, "begun done more");
  CHECK_EQUAL(entries_in(io_folder), 1);
  unlink(path.text);
}

/* A pipe that nobody reads, with SIGPIPE deadly; and a limit of size, with SIGXFSZ deadly. In children. */
static void test_signals(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int ends[2];
    vae_error err = io_error();
    char path[64];
    signal(SIGPIPE, SIG_DFL);
    if (pipe(ends) != 0) _exit(2);
    close(ends[0]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    const vae_status status = write_whole(path, "x", &err);
    sigset_t pending, mask;
    sigpending(&pending);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    _exit(status == VAE_ERROR_IO && strstr(err.message, "Broken pipe") && !sigismember(&pending, SIGPIPE) &&
                  !sigismember(&mask, SIGPIPE)
              ? 0
              : 1);
  }
  int result = -1;
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);

  const io_path path = io_in_folder("limited");
  CHECK(io_put(path.text, "old", 3));
  fflush(stdout);
  child = fork();
  if (child == 0) {
    const struct rlimit limit = {1000, 1000};
    vae_error err = io_error();
    static char large[5000];
    memset(large, 'x', sizeof large - 1);
    signal(SIGXFSZ, SIG_DFL);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    const vae_status status = write_whole(path.text, large, &err);
    _exit(status == VAE_ERROR_IO && strstr(err.message, "File too large") ? 0 : 1);
  }
  CHECK(waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0);
  check_content(path.text, "old");
  CHECK_EQUAL(entries_in(io_folder), 1);
  unlink(path.text);
}

int main(void) {
  allocator = io_allocator(&counter);
  if (!CHECK(io_make_folder())) return harness_finish("io_file_test");
  test_reading();
  test_replacing();
  test_refusals();
  test_links();
  test_devices();
  test_standard_output();
  test_signals();
  CHECK(rmdir(io_folder) == 0);
  return harness_finish("io_file_test");
}
