#ifndef TWILSHIP_CSYSTEMD_SHIM_H
#define TWILSHIP_CSYSTEMD_SHIM_H

// Without this the journal functions are macros that add CODE_FILE and CODE_LINE of the C caller;
// ours come from the Swift log event, and Swift sees functions only. What we call is not variadic, so no wrappers are needed.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
