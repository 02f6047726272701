#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

secureStandardStreams()
Interrupts.prepare()
exit(runProgram(Array(CommandLine.arguments.dropFirst())))
