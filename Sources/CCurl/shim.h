#ifndef TWILSHIP_CCURL_SHIM_H
#define TWILSHIP_CCURL_SHIM_H

#include <curl/curl.h>
// Swift's Glibc module lacks this header; curl_multi_poll is told to watch such a descriptor too.
#include <sys/eventfd.h>
#include <sys/prctl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, and Swift cannot call variadic C functions.
// Each function here passes one kind of argument. The kind must be the one the option is documented with:
// a variadic callee reads what it expects, whatever was passed.

/// CURLAUTH_BASIC is a macro with a cast in it, which Swift does not import.
static const long ccurl_auth_basic = CURLAUTH_BASIC;

/// For options documented as `long`: switches, codes, seconds, milliseconds.
static inline CURLcode ccurl_easy_setopt_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

/// For options documented as `curl_off_t`: sizes that may pass 2 GiB. Passing a `long` would be read wrongly where it is 32 bits.
static inline CURLcode ccurl_easy_setopt_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

/// For options documented as `char *`. libcurl copies the string, so Swift's temporary C string is enough. NULL resets the option.
static inline CURLcode ccurl_easy_setopt_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// For options documented as `void *` or another object pointer: callback contexts, the error buffer, bytes to copy.
static inline CURLcode ccurl_easy_setopt_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// For options documented as `struct curl_slist *`. libcurl does not copy the list: it must outlive the transfer.
static inline CURLcode ccurl_easy_setopt_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION: a function pointer, which C does not let us pass as `void *`.
static inline CURLcode ccurl_easy_setopt_write(CURL *handle, CURLoption option, curl_write_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_READFUNCTION.
static inline CURLcode ccurl_easy_setopt_read(CURL *handle, CURLoption option, curl_read_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_SEEKFUNCTION.
static inline CURLcode ccurl_easy_setopt_seek(CURL *handle, CURLoption option, curl_seek_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_PREREQFUNCTION.
static inline CURLcode ccurl_easy_setopt_prereq(CURL *handle, CURLoption option, curl_prereq_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLOPT_XFERINFOFUNCTION.
static inline CURLcode ccurl_easy_setopt_progress(CURL *handle, CURLoption option, curl_xferinfo_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/// For CURLINFO_* documented as `long`.
static inline CURLcode ccurl_easy_getinfo_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For CURLINFO_* documented as `curl_off_t`: sizes, and times in microseconds.
static inline CURLcode ccurl_easy_getinfo_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For CURLINFO_ACTIVESOCKET.
static inline CURLcode ccurl_easy_getinfo_socket(CURL *handle, CURLINFO info, curl_socket_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For CURLINFO_* documented as `char *`. The string belongs to the handle.
static inline CURLcode ccurl_easy_getinfo_string(CURL *handle, CURLINFO info, const char **value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For CURLINFO_CERTINFO. What it points to belongs to the handle.
static inline CURLcode ccurl_easy_getinfo_certinfo(CURL *handle, CURLINFO info, struct curl_certinfo **value) {
    return curl_easy_getinfo(handle, info, value);
}

/// For CURLMOPT_* documented as `long`.
static inline CURLMcode ccurl_multi_setopt_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

/// Names the calling thread, for who looks at threads: top -H, gdb. prctl(2) is variadic, and what glibc has for it is
/// declared to those only who ask for GNU's extensions.
static inline void ccurl_name_thread(const char *name) {
    prctl(PR_SET_NAME, name);
}

#endif
