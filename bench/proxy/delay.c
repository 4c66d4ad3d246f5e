/* The delay proxy: makes a round trip of any length on one machine, and counts what is asked.
 *
 * Every octet leaves half a round trip after it came, in either direction, in the order in which
 * it came: the rate is not limited and what was sent ahead stays ahead. A connection takes as long
 * as a real one, one round trip and a half until the server sees it. Counting reads POP3 commands
 * in clear; over TLS it counts octets only.
 *
 * delay PORT UPSTREAM_PORT ROUND_TRIP_MICROSECONDS [hide]
 * `hide`: PIPELINING is not seen by the client in what the server says that it can do.
 * On standard input a line `delay MICROSECONDS` sets another round trip for what comes from then on;
 * any other line prints what was counted since the last one, as JSON. Its end ends us.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_OCTETS (256 * 1024)
#define QUEUED_OCTETS (256 * 1024 * 1024) /* a second of 2 Gbit/s: more than is ever under way */
#define READS_AT_ONCE 8
#define VERBS 24
#define VERB_OCTETS 8

typedef struct chunk {
    struct chunk *next;
    double due;
    size_t octets, gone;
    char data[];
} chunk;

typedef struct {
    chunk *first, *last;
    size_t queued;
    bool ended, shut;  /* nothing more comes in; that was passed on */
    double ended_due;
} flow; /* from fd[i] to fd[1 - i] */

typedef struct link {
    struct link *next;
    int fd[2]; /* the client, the server */
    uint32_t watched[2];
    flow flows[2];
    double connects_at;
    bool connected, dead, told; /* told: the client asked for mail, capabilities are known */
    char verb[VERB_OCTETS];
    int verb_octets;
    bool in_argument;
} connection;

static int epoll_fd, listener, upstream_port;
static double half;
static bool hides;
static connection *connections;
static char incoming[READ_OCTETS];

static struct {
    char verbs[VERBS][VERB_OCTETS];
    uint64_t counts[VERBS];
    uint64_t connections, octets_up, octets_down;
} counted;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_counted(void) {
    printf("{\"connections\": %llu, \"octets_up\": %llu, \"octets_down\": %llu, \"commands\": {",
           (unsigned long long)counted.connections, (unsigned long long)counted.octets_up,
           (unsigned long long)counted.octets_down);
    for (int i = 0; i < VERBS && counted.counts[i]; i++)
        printf("%s\"%s\": %llu", i ? ", " : "", counted.verbs[i],
               (unsigned long long)counted.counts[i]);
    printf("}}\n");
    fflush(stdout);
    memset(&counted, 0, sizeof counted);
}

static void count_verb(connection *c) {
    c->verb[c->verb_octets] = 0;
    if (!strcmp(c->verb, "LIST") || !strcmp(c->verb, "UIDL") || !strcmp(c->verb, "STAT"))
        c->told = true;
    for (int i = 0; i < VERBS; i++) {
        if (!counted.counts[i]) memcpy(counted.verbs[i], c->verb, VERB_OCTETS);
        if (!strcmp(counted.verbs[i], c->verb)) {
            counted.counts[i]++;
            return;
        }
    }
}

/* What the client says, octet by octet: the first word of each line. */
static void count_commands(connection *c, const char *data, size_t octets) {
    counted.octets_up += octets;
    for (size_t i = 0; i < octets; i++) {
        char one = data[i];
        if (one == '\n' || one == '\r' || one == ' ') {
            if (!c->in_argument && c->verb_octets) count_verb(c);
            c->in_argument = one == ' ';
            c->verb_octets = 0;
        } else if (!c->in_argument && c->verb_octets < VERB_OCTETS - 1) {
            c->verb[c->verb_octets++] = isalnum((unsigned char)one) ? (char)toupper(one) : '?';
        }
    }
}

static void hide_pipelining(char *data, size_t octets) {
    char *found = memmem(data, octets, "\r\nPIPELINING\r\n", 14);
    if (found) memcpy(found + 2, "X-LOCKSTEP", 10);
}

static void watch(connection *c, int side) {
    const flow *in = &c->flows[side], *out = &c->flows[1 - side];
    bool blocked = out->first && out->first->due <= now();
    uint32_t wanted = (!in->ended && in->queued < QUEUED_OCTETS ? EPOLLIN : 0u) |
                      (blocked ? EPOLLOUT : 0u);
    if (wanted == c->watched[side] || c->fd[side] < 0) return;
    struct epoll_event event = {.events = wanted, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd[side], &event);
    c->watched[side] = wanted;
}

static void begin_watching(connection *c, int side) {
    int yes = 1;
    setsockopt(c->fd[side], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = 0, .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd[side], &event);
    watch(c, side);
}

static void take_in(connection *c, int side) {
    flow *f = &c->flows[side];
    for (int reads = 0; reads < READS_AT_ONCE && f->queued < QUEUED_OCTETS && !f->ended; reads++) {
        ssize_t got = recv(c->fd[side], incoming, sizeof incoming, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            f->ended = true;
            f->ended_due = now() + half;
            return;
        }
        if (side == 0) count_commands(c, incoming, (size_t)got);
        else {
            counted.octets_down += (uint64_t)got;
            if (hides && !c->told) hide_pipelining(incoming, (size_t)got);
        }
        chunk *made = malloc(sizeof *made + (size_t)got);
        *made = (chunk){.due = now() + half, .octets = (size_t)got};
        memcpy(made->data, incoming, (size_t)got);
        if (f->last) f->last->next = made;
        else f->first = made;
        f->last = made;
        f->queued += (size_t)got;
    }
}

/* Pass on what is due; return when the next piece is, 0 for nothing to wait for. */
static double pass_on(connection *c, int side, double at) {
    flow *f = &c->flows[side];
    while (f->first && f->first->due <= at) {
        chunk *one = f->first;
        ssize_t gone = send(c->fd[1 - side], one->data + one->gone, one->octets - one->gone,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (gone < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
        if (gone < 0) {
            c->dead = true;
            return 0;
        }
        one->gone += (size_t)gone;
        if (one->gone < one->octets) return 0;
        f->queued -= one->octets;
        f->first = one->next;
        if (!f->first) f->last = NULL;
        free(one);
    }
    if (f->first) return f->first->due;
    if (!f->ended || f->shut) return 0;
    if (f->ended_due > at) return f->ended_due;
    shutdown(c->fd[1 - side], SHUT_WR);
    f->shut = true;
    return 0;
}

static void connect_upstream(connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)upstream_port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    c->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Over loopback this does not wait. */
    if (c->fd[1] < 0 || connect(c->fd[1], (struct sockaddr *)&to, sizeof to)) {
        c->dead = true;
        return;
    }
    c->connected = true;
    begin_watching(c, 1);
}

static void welcome(void) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        connection *c = calloc(1, sizeof *c);
        c->fd[0] = fd;
        c->fd[1] = -1;
        c->connects_at = now() + 3 * half;
        c->next = connections;
        connections = c;
        counted.connections++;
        begin_watching(c, 0);
    }
}

static void forget(connection *c) {
    for (int side = 0; side < 2; side++) {
        if (c->fd[side] >= 0) close(c->fd[side]);
        for (chunk *one = c->flows[side].first, *next; one; one = next) {
            next = one->next;
            free(one);
        }
    }
    free(c);
}

/* Do all that is due; return when something is next, 0 for nothing. */
static double look_at_all(void) {
    double next = 0, at = now();
    for (connection **place = &connections, *c; (c = *place);) {
        double due[3] = {0};
        if (!c->connected && !c->dead) {
            if (c->connects_at <= at) connect_upstream(c);
            else due[2] = c->connects_at;
        }
        if (c->connected)
            for (int side = 0; side < 2 && !c->dead; side++) due[side] = pass_on(c, side, at);
        bool over = c->flows[0].shut && c->flows[1].shut;
        if (c->dead || over || (!c->connected && c->flows[0].ended)) {
            *place = c->next;
            forget(c);
            continue;
        }
        for (int side = 0; side < 2; side++)
            if (c->fd[side] >= 0) watch(c, side);
        for (int i = 0; i < 3; i++)
            if (due[i] > 0 && (next == 0 || due[i] < next)) next = due[i];
        place = &c->next;
    }
    return next;
}

static void listen_on(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1;
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024)) {
        perror("delay");
        exit(2);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    struct epoll_event asked = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &asked);
}

static void answer_stdin(void) {
    char line[64];
    ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
    if (got <= 0) exit(0);
    line[got] = 0;
    if (strncmp(line, "delay ", 6)) print_counted();
    else {
        half = atof(line + 6) / 2e6;
        printf("{}\n");
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    signal(SIGPIPE, SIG_IGN);
    upstream_port = atoi(argv[2]);
    half = atof(argv[3]) / 2e6;
    hides = argc > 4 && !strcmp(argv[4], "hide");
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on(atoi(argv[1]));
    struct epoll_event events[256];
    for (;;) {
        double next = look_at_all(), left = next - now();
        if (left < 0) left = 0;
        struct timespec wait = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        int n = epoll_pwait2(epoll_fd, events, 256, next > 0 ? &wait : NULL, NULL);
        for (int i = 0; i < n; i++) {
            if (!events[i].data.ptr) answer_stdin();
            else if (events[i].data.ptr == &listener) welcome();
            else {
                connection *c = events[i].data.ptr;
                for (int side = 0; side < 2; side++)
                    if (c->fd[side] >= 0) take_in(c, side);
            }
        }
    }
}
