/* The loop: keep so many connections busy for so long, then print what was counted as JSON. */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define OPENING_AT_ONCE 64
#define ERRORS_BEFORE_GIVING_UP 200

options opt = {.host = "127.0.0.1", .connections = 1, .window = 1, .recipients = 1, .steps = 1,
               .seconds = 3, .expect = -1, .letter_size = 8192};
counters counted;

static connection *slots;
static int epoll_fd, active, opened, waiting;
static int *free_people, free_from, free_to; /* a ring: who has no session now */
static int step = 1; /* of an idle run */
static double started, deadline;
static char first_error[256];
static float *latencies;
static size_t latencies_count, latencies_room;
static double now_cached;

double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool stopping(void) {
    return counted.errors > ERRORS_BEFORE_GIVING_UP || (!opt.once && !opt.messages && now_cached >= deadline);
}

void note_error(const connection *c, const char *what) {
    if (!counted.errors++)
        snprintf(first_error, sizeof first_error, "%s (state %d, %s)", what, c->state,
                 c->who >= 0 && c->who < people_count ? people[c->who].name : "-");
}

static void note_latency(double seconds) {
    if (latencies_count == latencies_room) {
        latencies_room = latencies_room ? latencies_room * 2 : 4096;
        latencies = realloc(latencies, latencies_room * sizeof *latencies);
    }
    latencies[latencies_count++] = (float)seconds;
}

static void watch(connection *c, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(epoll_fd, operation, c->fd, &event);
}

static bool another_session(void) {
    if (stopping()) return false;
    if (opt.mode == LMTP) return lmtp_more();
    if (opt.mode == IDLE) return opened < opt.connections * step / opt.steps;
    return !opt.once || opened < people_count;
}

static void give_back(const connection *c) {
    active--;
    if (opt.mode != LMTP) free_people[free_to++ % people_count] = c->who;
}

static void open_session(connection *c) {
    if (opt.mode != LMTP) {
        c->who = free_people[free_from++ % people_count];
        pop3_begin(c);
    } else {
        lmtp_begin(c);
    }
    opened++;
    active++;
    if (!connection_open(c)) {
        note_error(c, strerror(errno));
        connection_close(c);
        give_back(c);
        return;
    }
    if (c->shaking && connection_shake(c) == FAILED) note_error(c, "TLS handshake refused");
    watch(c, EPOLL_CTL_ADD);
}

static void end_session(connection *c, bool well) {
    if (well) note_latency(now_seconds() - c->opened_at);
    connection_close(c);
    give_back(c);
    if (another_session()) open_session(opt.mode == IDLE ? &slots[opened] : c);
}

static void serve(connection *c) {
    bool wanted_write = c->wants_write, ended = false;
    bool was_waiting = c->waiting;
    progress outcome = NEED_MORE;
    c->touched_at = now_cached;
    if (c->shaking) {
        outcome = connection_shake(c);
        if (outcome == FAILED) note_error(c, "TLS handshake refused");
        if (outcome == FINISHED) outcome = NEED_MORE;
    }
    while (outcome == NEED_MORE && !c->shaking && connection_read(c, &ended))
        outcome = opt.mode == LMTP ? lmtp_input(c) : pop3_input(c);
    if (outcome == NEED_MORE && ended) {
        note_error(c, "the server closed the connection");
        outcome = FAILED;
    }
    if (outcome == NEED_MORE && !c->shaking && !connection_flush(c)) {
        note_error(c, "the connection broke");
        outcome = FAILED;
    }
    if (outcome != NEED_MORE) {
        end_session(c, outcome == FINISHED);
        return;
    }
    if (c->waiting && !was_waiting) {
        waiting++;
        if (another_session()) open_session(&slots[opened]);
    }
    if (wanted_write != c->wants_write) watch(c, EPOLL_CTL_MOD);
}

static void fail_stalled(void) {
    for (int i = 0; i < opt.connections; i++) {
        connection *c = &slots[i];
        if (c->fd < 0 || c->waiting || now_cached - c->touched_at < STALL_SECONDS) continue;
        note_error(c, "no answer for 30 seconds");
        end_session(c, false);
    }
}

/* All idle sessions of this step are in: say so, wait until somebody has measured, then leave properly. */
static void hold_idle(void) {
    printf("holding %d\n", waiting);
    fflush(stdout);
    if (getchar() == EOF && ferror(stdin)) perror("stdin");
    if (step < opt.steps) {
        step++;
        for (int i = 0; i < OPENING_AT_ONCE && another_session(); i++) open_session(&slots[opened]);
        return;
    }
    for (int i = 0; i < opt.connections; i++) {
        connection *c = &slots[i];
        if (c->fd < 0 || !c->waiting) continue;
        c->waiting = false;
        c->touched_at = now_seconds();
        pop3_leave(c);
        connection_flush(c);
    }
    waiting = 0;
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(double elapsed, const counters *from, const counters *to, double cpu) {
    qsort(latencies, latencies_count, sizeof *latencies, compare_floats);
    size_t n = latencies_count;
    printf("{\"elapsed\": %.6f, \"sessions\": %llu, \"messages\": %llu, \"octets_in\": %llu, "
           "\"octets_out\": %llu, \"errors\": %llu, \"cpu_seconds\": %.4f, \"all_sessions\": %llu, "
           "\"all_messages\": %llu, \"all_cpu_seconds\": %.4f, \"latency_ms\": {\"median\": %.3f, \"p99\": %.3f, \"max\": %.3f}, \"first_error\": \"",
           elapsed, (unsigned long long)(to->sessions - from->sessions),
           (unsigned long long)(to->messages - from->messages),
           (unsigned long long)(to->octets_in - from->octets_in),
           (unsigned long long)(to->octets_out - from->octets_out), (unsigned long long)counted.errors,
           cpu, (unsigned long long)counted.sessions, (unsigned long long)counted.messages,
           cpu_seconds(), n ? latencies[n / 2] * 1e3 : 0, n ? latencies[n * 99 / 100] * 1e3 : 0,
           n ? latencies[n - 1] * 1e3 : 0);
    for (const char *p = first_error; *p; p++)
        if (*p >= ' ' && *p != '"' && *p != '\\') putchar(*p);
    printf("\"}\n");
}

static void drive(void) {
    counters from = {0}, to = {0};
    double began = started, ended = 0, next_look = started + 1, cpu_from = cpu_seconds(), cpu_to = 0;
    bool warm = opt.warmup <= 0, over = false;
    struct epoll_event events[256];
    while (active) {
        int n = epoll_wait(epoll_fd, events, 256, 100);
        now_cached = now_seconds();
        if (!warm && now_cached >= started + opt.warmup) {
            warm = true;
            from = counted;
            latencies_count = 0;
            began = now_cached;
            cpu_from = cpu_seconds();
        }
        if (warm && !over && stopping()) {
            over = true;
            to = counted;
            ended = now_cached;
            cpu_to = cpu_seconds();
        }
        for (int i = 0; i < n; i++) serve(events[i].data.ptr);
        if (waiting && waiting == active && !another_session()) hold_idle();
        if (now_cached > next_look) fail_stalled(), next_look = now_cached + 1;
    }
    if (!over) to = counted, ended = now_seconds(), cpu_to = cpu_seconds();
    report(ended - began, &from, &to, cpu_to - cpu_from);
}

static void usage(const char *why) {
    fprintf(stderr, "load: %s\n", why);
    exit(2);
}

static mode_kind mode_named(const char *name) {
    if (!strcmp(name, "poll")) return POLL;
    if (!strcmp(name, "download")) return DOWNLOAD;
    if (!strcmp(name, "idle")) return IDLE;
    if (!strcmp(name, "lmtp")) return LMTP;
    usage("the mode is poll, download, idle or lmtp");
    return POLL;
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'}, {"tls", 0, 0, 't'}, {"once", 0, 0, 'o'}, {"dele", 0, 0, 'd'},
        {"connections", 1, 0, 'c'}, {"window", 1, 0, 'w'}, {"recipients", 1, 0, 'r'}, {"steps", 1, 0, 'S'},
        {"seconds", 1, 0, 's'}, {"warmup", 1, 0, 'u'}, {"messages", 1, 0, 'm'}, {"expect", 1, 0, 'e'},
        {"serial", 1, 0, 'n'}, {"people", 1, 0, 'P'}, {"letters", 1, 0, 'L'}, {"pairs", 1, 0, 'O'},
        {"letter-size", 1, 0, 'z'}, {"host", 1, 0, 'h'}, {0, 0, 0, 0}};
    int which;
    if (argc < 2) usage("say a mode");
    opt.mode = mode_named(argv[1]);
    while ((which = getopt_long(argc - 1, argv + 1, "", known, NULL)) != -1) switch (which) {
        case 'p': opt.port = atoi(optarg); break;
        case 't': opt.tls = true; break;
        case 'o': opt.once = true; break;
        case 'd': opt.dele = true; break;
        case 'c': opt.connections = atoi(optarg); break;
        case 'w': opt.window = atoi(optarg); break;
        case 'S': opt.steps = atoi(optarg); break;
        case 'r': opt.recipients = atoi(optarg); break;
        case 's': opt.seconds = atof(optarg); break;
        case 'u': opt.warmup = atof(optarg); break;
        case 'm': opt.messages = atol(optarg); break;
        case 'e': opt.expect = atol(optarg); break;
        case 'n': opt.serial = strtoull(optarg, NULL, 10); break;
        case 'P': opt.people_file = optarg; break;
        case 'L': opt.letters_file = optarg; break;
        case 'O': opt.pairs_file = optarg; break;
        case 'z': opt.letter_size = strtoull(optarg, NULL, 10); break;
        case 'h': opt.host = optarg; break;
        default: usage("an unknown option");
    }
    if (!opt.people_file) usage("--people FILE is missing");
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    load_people(opt.people_file);
    if (opt.letters_file) load_letters(opt.letters_file, opt.letter_size);
    if (opt.pairs_file && !(pairs = fopen(opt.pairs_file, "w"))) usage("cannot write the file of pairs");
    if (opt.mode != LMTP && people_count < opt.connections) opt.connections = people_count;
    if (!people_count || (opt.mode == LMTP && people_count < opt.recipients)) usage("too few people");
    if (opt.tls) tls_start();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    slots = calloc((size_t)opt.connections, sizeof *slots);
    free_people = malloc(sizeof *free_people * (size_t)people_count);
    for (int i = 0; i < people_count; i++) free_people[free_to++] = i;
    for (int i = 0; i < opt.connections; i++) slots[i].fd = -1;
    started = now_cached = now_seconds();
    deadline = started + opt.warmup + opt.seconds;
    if (opt.mode == IDLE) opt.once = true;
    int most = opt.mode == IDLE ? OPENING_AT_ONCE : opt.connections;
    int first = most < opt.connections ? most : opt.connections;
    for (int i = 0; i < first && another_session(); i++) open_session(&slots[i]);
    drive();
    if (pairs && fclose(pairs)) usage("cannot write the file of pairs");
    return counted.errors ? 1 : 0;
}
