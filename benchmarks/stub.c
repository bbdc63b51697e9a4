/* The outside system of the benchmarks: `stub PORT` on 127.0.0.1 answers every POST with 200 {"ok":true} and counts it; GET /count tells
   how many there were. One thread, epoll, so that it is never the slowest part. It trusts its clients: not a server for anything else. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most_descriptors = 4096, buffer_size = 65536 };

struct client {
    size_t filled;
    char buffer[buffer_size];
};

static struct client *clients[most_descriptors];
static unsigned long posts;

static void stop(const char *problem)
{
    perror(problem);
    exit(1);
}

static int answer(int descriptor, int is_post)
{
    char body[32], text[256];
    if (is_post)
        strcpy(body, "{\"ok\":true}");
    else
        snprintf(body, sizeof body, "%lu", posts);
    int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    return write(descriptor, text, (size_t)length) == length;
}

/* The length of the first whole request in the buffer, 0 when more bytes are needed. */
static size_t request_length(struct client *client)
{
    client->buffer[client->filled] = 0;
    char *end = strstr(client->buffer, "\r\n\r\n");
    if (end == NULL)
        return 0;
    char *field = strcasestr(client->buffer, "\r\nContent-Length:");
    size_t body = field != NULL && field < end ? strtoul(field + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    size_t length = (size_t)(end + 4 - client->buffer) + body;
    return length <= client->filled ? length : 0;
}

static void drop(int descriptor)
{
    free(clients[descriptor]);
    clients[descriptor] = NULL;
    close(descriptor);
}

static void serve(int descriptor)
{
    struct client *client = clients[descriptor];
    ssize_t count = read(descriptor, client->buffer + client->filled, buffer_size - 1 - client->filled);
    if (count <= 0) {
        drop(descriptor);
        return;
    }
    client->filled += (size_t)count;
    for (size_t length; (length = request_length(client)) > 0;) {
        int is_post = strncmp(client->buffer, "POST ", 5) == 0;
        posts += (unsigned long)is_post;
        if (!answer(descriptor, is_post)) {
            drop(descriptor);
            return;
        }
        client->filled -= length;
        memmove(client->buffer, client->buffer + length, client->filled);
    }
    if (client->filled == buffer_size - 1)
        drop(descriptor);
}

static void welcome(int listener, int poll)
{
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    if (descriptor >= most_descriptors || (clients[descriptor] = calloc(1, sizeof(struct client))) == NULL) {
        close(descriptor);
        return;
    }
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        drop(descriptor);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: stub PORT\n");
        return 2;
    }
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), poll = epoll_create1(EPOLL_CLOEXEC);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1024) != 0)
        stop("stub");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[64];
    if (epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) != 0)
        stop("stub");
    for (;;) {
        int count = epoll_wait(poll, ready, 64, -1);
        for (int index = 0; index < count; index++) {
            if (ready[index].data.fd == listener)
                welcome(listener, poll);
            else
                serve(ready[index].data.fd);
        }
    }
}
