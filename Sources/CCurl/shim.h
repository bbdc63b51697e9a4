#pragma once

#include <curl/curl.h>
#include <spawn.h>
#include <sys/socket.h>

// Swift imports neither variadic functions nor casting macros: one setter per type of value.

static inline CURLcode pao_easy_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode pao_easy_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode pao_easy_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode pao_easy_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

// Copies the bytes.
static inline CURLcode pao_easy_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

// Copies the bytes.
static inline CURLcode pao_easy_set_body(CURL *handle, const void *bytes, size_t count) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, count > 0 ? bytes : "");
}

// For the write, header and read callbacks, which share one shape.
static inline CURLcode pao_easy_set_data_callback(CURL *handle, CURLoption option, curl_write_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

static inline CURLcode pao_easy_set_socket_callback(CURL *handle, curl_opensocket_callback callback) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode pao_easy_set_prerequest_callback(CURL *handle, curl_prereq_callback callback) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
}

static inline CURLcode pao_easy_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode pao_easy_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode pao_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// A member of the message's union.
static inline CURLcode pao_message_result(const CURLMsg *message) { return message->data.result; }

static const curl_socket_t pao_socket_bad = CURL_SOCKET_BAD;

// Swift finds these in this module or in Glibc, whichever it has loaded first.
static const int pao_socket_stream = SOCK_STREAM;
static const int pao_socket_close_on_exec = SOCK_CLOEXEC;

// What glibc 2.34 has but Swift's Glibc module, made without _GNU_SOURCE, does not show.

static inline int pao_spawn_add_directory(posix_spawn_file_actions_t *actions, const char *path) {
    extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

static inline int pao_spawn_add_close_from(posix_spawn_file_actions_t *actions, int descriptor) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, descriptor);
}
