#pragma once

/* No system header is included: the types of a header belong to the first module that includes it, and then
   Swift's Glibc would lack them. */
extern int flock(int descriptor, int operation);
extern int memfd_create(const char *name, unsigned int flags);
extern int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);

/* Swift sees only the struct of the same name. */
static inline int cfilecalls_flock(int descriptor, int operation) { return flock(descriptor, operation); }

/* glibc declares renameat2 only under _GNU_SOURCE, which Swift's importer does not set.
   -100 is AT_FDCWD, 1 is RENAME_NOREPLACE. */
static inline int cfilecalls_rename_noreplace(const char *from, const char *to) {
    return renameat2(-100, from, -100, to, 1u);
}

/* A file without a name that is gone with its last descriptor; close-on-exec. As above; 1 is MFD_CLOEXEC. */
static inline int cfilecalls_memory_file(const char *name) { return memfd_create(name, 1u); }
