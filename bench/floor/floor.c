/* The floor: about the best that the load generator can see on this machine.
 *
 * A POP3 server of one thread whose one maildrop lies ready in memory; it lets everybody in, keeps
 * nothing and decides nothing. It shares the generator's buffers and TLS (`load/connection.c`).
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

options opt; /* what the shared sources refer to; the floor counts nothing */
counters counted;

static SSL_CTX *tls;
static int epoll_fd, listener;
static long messages;
static char *stat_answer, *list_answer, *uidl_answer;
static size_t list_octets, uidl_octets, octets_each;
static const char capabilities[] = "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n";

double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const letter *letter_of(long number) {
    return &letters[(number - 1) % letters_count];
}

/* All answers that never change, as the octets that go out. */
static void prepare(size_t size) {
    size_t room = (size_t)messages * 48 + 64;
    stat_answer = malloc(64);
    list_answer = malloc(room);
    uidl_answer = malloc(room);
    sprintf(stat_answer, "+OK %ld %zu\r\n", messages, (size_t)messages * size);
    list_octets = (size_t)sprintf(list_answer, "+OK\r\n");
    uidl_octets = (size_t)sprintf(uidl_answer, "+OK\r\n");
    for (long i = 1; i <= messages; i++) {
        list_octets += (size_t)sprintf(list_answer + list_octets, "%ld %zu\r\n", i, size);
        uidl_octets += (size_t)sprintf(uidl_answer + uidl_octets, "%ld %016lx\r\n", i, i);
    }
    list_octets += (size_t)sprintf(list_answer + list_octets, ".\r\n");
    uidl_octets += (size_t)sprintf(uidl_answer + uidl_octets, ".\r\n");
}

/* Answer one command; true when the session is over. */
static bool answer(connection *c, const char *line) {
    bool is_top = !strncasecmp(line, "TOP ", 4); /* of all lines: fetchmail reads letters so */
    if (is_top || !strncasecmp(line, "RETR ", 5)) {
        long number = atol(line + (is_top ? 4 : 5));
        if (number < 1 || number > messages) {
            put(c, "-ERR\r\n", 6);
            return false;
        }
        put(c, "+OK\r\n", 5);
        put(c, letter_of(number)->wire, letter_of(number)->octets);
    } else if (!strncasecmp(line, "LIST ", 5)) {
        put_line(c, "+OK %ld %zu", atol(line + 5), octets_each);
    } else if (!strncasecmp(line, "UIDL ", 5)) {
        put_line(c, "+OK %ld %016lx", atol(line + 5), atol(line + 5));
    } else if (!strcasecmp(line, "CAPA")) {
        put(c, capabilities, sizeof capabilities - 1);
    } else if (!strcasecmp(line, "STAT")) {
        put(c, stat_answer, strlen(stat_answer));
    } else if (!strcasecmp(line, "UIDL")) {
        put(c, uidl_answer, uidl_octets);
    } else if (!strcasecmp(line, "LIST")) {
        put(c, list_answer, list_octets);
    } else {
        put(c, "+OK\r\n", 5);
        return !strcasecmp(line, "QUIT");
    }
    return false;
}

static void watch(connection *c, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll_fd, operation, c->fd, &event);
}

static void welcome(void) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->in = malloc(INPUT_OCTETS);
        if (tls) {
            c->shaking = true;
            c->ssl = SSL_new(tls);
            SSL_set_fd(c->ssl, fd);
            SSL_set_accept_state(c->ssl);
        }
        put(c, "+OK\r\n", 5);
        if (!tls) connection_flush(c);
        watch(c, EPOLL_CTL_ADD);
    }
}

static void serve(connection *c) {
    bool wanted_write = c->wants_write, ended = false, over = false;
    size_t octets;
    char *line;
    if (c->shaking) ended = connection_shake(c) == FAILED;
    while (!over && !ended && !c->shaking && connection_read(c, &ended))
        while (!over && (line = take_line(c, &octets))) over = answer(c, line);
    if (!ended && !c->shaking && !connection_flush(c)) ended = true;
    if (ended || over) {
        connection_close(c);
        free(c->in);
        free(c->out);
        free(c);
        return;
    }
    if (wanted_write != c->wants_write) watch(c, EPOLL_CTL_MOD);
}

static void listen_on(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1;
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024)) {
        perror("floor");
        exit(2);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
}

/* floor PORT MESSAGES LETTERS LETTER_OCTETS [CERTIFICATE KEY] */
int main(int argc, char **argv) {
    if (argc != 5 && argc != 7) return 2;
    signal(SIGPIPE, SIG_IGN);
    messages = atol(argv[2]);
    octets_each = strtoull(argv[4], NULL, 10);
    load_letters(argv[3], octets_each);
    prepare(octets_each);
    if (argc == 7) {
        tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_read_ahead(tls, 1);
        if (SSL_CTX_use_certificate_file(tls, argv[5], SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, argv[6], SSL_FILETYPE_PEM) != 1) return 2;
    }
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on(atoi(argv[1]));
    struct epoll_event events[256];
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) serve(events[i].data.ptr);
            else welcome();
        }
    }
}
