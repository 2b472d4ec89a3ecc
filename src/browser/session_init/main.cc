// session-init FOLDER: the first process inside a browser's namespaces. The program carries it and
// starts it; it is not for users.
#include <cstdio>

#include "browser/session_init/init.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("session-init: started by pbaas alone\n", stderr);
    return 125;
  }
  return pbaas::browser::run_init(argv[1]);
}
