/* The administrator's command; see ctl.h. */
#include "programs/ctl.h"

#include "base/banned.h"

int main(int argc, char **argv) { return ctl_main(argc, argv); }
