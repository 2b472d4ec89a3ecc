// session-init FOLDER COMMAND...: the first process inside a browser's namespaces. The program
// carries it and starts it; it is not for users.
#include <cstdio>

#include "browser/session_init/init.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("session-init: started by pbaas alone\n", stderr);
    return 125;
  }
  pbaas::browser::InitSpec spec;
  spec.folder = argv[1];
  spec.command.assign(argv + 2, argv + argc);
  return pbaas::browser::run_init(spec);
}
