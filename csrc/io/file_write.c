#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"
#include "io/file.h"
#include "io/system_error.h"
#include "io/text.h"

enum { MOST_LINKS = 40, MOST_NAMES = 100, LONGEST_WRITE = 1 << 30 };

static vae_status fail_reason(const vaei_file_writer *writer, const char *reason, vae_error *err) {
  return vaei_fail(err, VAE_ERROR_IO, "cannot write %s: %s", writer->shown, reason);
}

static vae_status fail_errno(const vaei_file_writer *writer, int number, vae_error *err) {
  return fail_reason(writer, vaei_system_reason(number).text, err);
}

/* The descriptor N of "/proc/self/fd/N" or "/dev/fd/N" (what /dev/stdout leads to), else -1. */
static int descriptor_named(const char *path) {
  static const char *const folders[] = {"/proc/self/fd/", "/dev/fd/"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    const size_t length = strlen(folders[i]);
    if (strncmp(path, folders[i], length) != 0) continue;
    int number = 0;
    const char *digit = path + length;
    if (!*digit) return -1;
    for (; *digit; digit++) {
      if (*digit < '0' || *digit > '9' || number > 100000) return -1;
      number = number * 10 + (*digit - '0');
    }
    return number;
  }
  return -1;
}

/* Length of the path's folder with its slash; 0 for a bare name. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Follows the links that the last part of writer->target may be, which need not lead to a file that exists.
 * *descriptor: the open descriptor that it turns out to name, else -1. Returns 0 or an errno. */
static int follow_links(vaei_file_writer *writer, int *descriptor) {
  char link[VAEI_PATH_SIZE];
  for (int hop = 0; hop <= MOST_LINKS; hop++) {
    *descriptor = descriptor_named(writer->target);
    if (*descriptor >= 0) return 0;
    const ssize_t length = readlink(writer->target, link, sizeof link - 1);
    if (length < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno;
    link[length] = 0;
    const size_t folder = link[0] == '/' ? 0 : folder_length(writer->target);
    if (folder + (size_t)length >= sizeof writer->target) return ENAMETOOLONG;
    memcpy(writer->target + folder, link, (size_t)length + 1);
  }
  return ELOOP;
}

/* Opens a file of a new name in the target's folder. Returns 0 or an errno. */
static int create_temporary(vaei_file_writer *writer, mode_t mode) {
  const size_t folder = folder_length(writer->target);
  memcpy(writer->temporary, writer->target, folder);
  const size_t room = sizeof writer->temporary - folder;
  for (unsigned attempt = 0; attempt < MOST_NAMES; attempt++) {
    /* Only O_EXCL makes the name ours; time and process make a second attempt rare. The target's own name is not in
     * it, since it may already be as long as a name can be. */
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    const int length = snprintf(writer->temporary + folder, room, ".vae-%ld-%08lx-%u.tmp", (long)getpid(),
                                (unsigned long)now.tv_nsec, attempt);
    if (length < 0 || (size_t)length >= room) return ENAMETOOLONG;
    do {
      writer->descriptor = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
    } while (writer->descriptor < 0 && errno == EINTR);
    if (writer->descriptor >= 0) return 0;
    if (errno != EEXIST) return errno;
  }
  return EEXIST;
}

static int open_straight(vaei_file_writer *writer, const char *path) {
  writer->straight = true;
  do {
    writer->descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  } while (writer->descriptor < 0 && errno == EINTR);
  return writer->descriptor < 0 ? errno : 0;
}

/* A file that may not be written is not replaced either, though its folder would allow it. */
static int replace_existing(vaei_file_writer *writer, const struct stat *old) {
  if (faccessat(AT_FDCWD, writer->target, W_OK, AT_EACCESS) != 0) return errno;
  const int number = create_temporary(writer, S_IRUSR | S_IWUSR);
  if (number != 0) return number;
  /* Where the owner can be kept (by root), it is. */
  const bool kept = (old->st_uid == geteuid() && old->st_gid == getegid()) ||
                    fchown(writer->descriptor, old->st_uid, old->st_gid) == 0;
  /* Bits for a group must not go to another group. */
  const mode_t mode = old->st_mode & (kept ? S_IRWXU | S_IRWXG | S_IRWXO : S_IRWXU | S_IRWXO);
  return fchmod(writer->descriptor, mode) == 0 ? 0 : errno;
}

static int open_target(vaei_file_writer *writer, const char *path) {
  const size_t length = strlen(path);
  if (length == 0) return ENOENT;
  if (length >= sizeof writer->target) return ENAMETOOLONG;
  memcpy(writer->target, path, length + 1);

  struct stat info;
  const bool exists = stat(path, &info) == 0;
  if (!exists && errno != ENOENT) return errno;
  if (exists && S_ISDIR(info.st_mode)) return EISDIR;
  int descriptor = -1;
  const int number = follow_links(writer, &descriptor);
  if (descriptor >= 0) {
    /* Opened anew, standard output sent to a file would be written from that file's beginning. */
    writer->straight = true;
    writer->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return writer->descriptor < 0 ? errno : 0;
  }
  if (exists && !S_ISREG(info.st_mode)) return open_straight(writer, path);
  if (number != 0) return number;
  if (writer->target[strlen(writer->target) - 1] == '/') return EISDIR;
  return exists ? replace_existing(writer, &info)
                : create_temporary(writer, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
}

vae_status vaei_file_open(vaei_file_writer *writer, const char *path, vae_error *err) {
  writer->descriptor = -1;
  writer->straight = false;
  memcpy(writer->shown, vaei_show_path(path).text, sizeof writer->shown);
  const int number = open_target(writer, path);
  if (number == 0) return VAE_OK;
  vaei_file_abandon(writer);
  return fail_errno(writer, number, err);
}

/* write() with the signals held back that it would raise where a pipe is closed or a limit of size is reached; one
 * that it did raise is taken, so that the process never sees it. A library may not change what signals do. */
static ssize_t write_quietly(int descriptor, const void *bytes, size_t size) {
  sigset_t guarded, before, pending;
  sigemptyset(&guarded);
  sigaddset(&guarded, SIGPIPE);
  sigaddset(&guarded, SIGXFSZ);
  sigemptyset(&pending);
  sigpending(&pending);
  const bool pipe_was_pending = sigismember(&pending, SIGPIPE) == 1;
  const bool limit_was_pending = sigismember(&pending, SIGXFSZ) == 1;
  const bool masked = pthread_sigmask(SIG_BLOCK, &guarded, &before) == 0;
  const ssize_t written = write(descriptor, bytes, size);
  const int number = errno;
  if (masked) {
    if (written < 0 && (number == EPIPE || number == EFBIG)) {
      const int signal_number = number == EPIPE ? SIGPIPE : SIGXFSZ;
      const bool was_pending = number == EPIPE ? pipe_was_pending : limit_was_pending;
      int taken = 0;
      sigset_t raised;
      sigemptyset(&raised);
      sigaddset(&raised, signal_number);
      sigpending(&pending);
      if (!was_pending && sigismember(&pending, signal_number) == 1) sigwait(&raised, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  errno = number;
  return written;
}

vae_status vaei_file_write(vaei_file_writer *writer, const void *bytes, size_t size, vae_error *err) {
  const char *next = bytes;
  while (size > 0) {
    const ssize_t written = write_quietly(writer->descriptor, next, size < LONGEST_WRITE ? size : LONGEST_WRITE);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(writer, errno, err);
    if (written == 0) return fail_reason(writer, "nothing could be written", err);
    next += written;
    size -= (size_t)written;
  }
  return VAE_OK;
}

/* fsync; what cannot be synchronised (a pipe, some file systems' folders) is left at that. */
static int synchronise(int descriptor) {
  int result = 0;
  do {
    result = fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  if (result == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP) return 0;
  return errno;
}

static int close_descriptor(vaei_file_writer *writer) {
  const int result = close(writer->descriptor);
  /* After EINTR the state of the descriptor is unspecified; on Linux it is closed. The data is safe by then. */
  const int number = result == 0 || errno == EINTR ? 0 : errno;
  writer->descriptor = -1;
  return number;
}

/* Makes the new name durable. A folder that may be written but not read cannot be synchronised. */
static int synchronise_folder(vaei_file_writer *writer) {
  const size_t folder = folder_length(writer->target);
  char *name = writer->temporary; /* no longer needed */
  memcpy(name, folder ? writer->target : "./", folder ? folder : 2);
  name[folder ? folder : 2] = 0;
  const int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno == EACCES || errno == EPERM || errno == EINTR ? 0 : errno;
  const int number = synchronise(descriptor);
  close(descriptor);
  return number;
}

vae_status vaei_file_commit(vaei_file_writer *writer, vae_error *err) {
  int number = synchronise(writer->descriptor);
  if (number == 0) number = close_descriptor(writer);
  if (number == 0 && writer->straight) return VAE_OK;
  if (number == 0 && rename(writer->temporary, writer->target) != 0) number = errno;
  if (number != 0) {
    if (writer->descriptor < 0 && !writer->straight) unlink(writer->temporary);
    vaei_file_abandon(writer);
    return fail_errno(writer, number, err);
  }
  number = synchronise_folder(writer);
  return number == 0 ? VAE_OK : fail_errno(writer, number, err);
}

void vaei_file_abandon(vaei_file_writer *writer) {
  if (writer->descriptor < 0) return;
  close_descriptor(writer);
  if (!writer->straight) unlink(writer->temporary);
}
