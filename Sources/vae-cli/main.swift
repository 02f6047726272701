#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

secureEnvironment()
secureStandardStreams()
Interrupts.prepare()
exit(runProgram(commandLineWords))
