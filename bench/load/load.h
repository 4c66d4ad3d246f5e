/* The load generator's shared words: options, people, letters, connections, what was counted.
 *
 * One thread, one epoll, no blocking call. `main.c` drives; `connection.c` moves bytes;
 * `pop3.c` and `lmtp.c` are the two conversations; `letters.c` knows what must come back.
 */
#ifndef HATO_BENCH_LOAD_H
#define HATO_BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Every letter begins with these two header lines, at fixed places. */
#define SERIAL_AT 13 /* "Message-ID: <" */
#define SERIAL_DIGITS 16
#define NUMBER_AT 56 /* after "@bench.example>\r\nX-Letter: " */
#define NUMBER_DIGITS 7
#define LETTER_HEAD 65 /* both lines with their CRLF */

#define INPUT_OCTETS (128 * 1024)
#define STALL_SECONDS 30.0

typedef enum { POLL, DOWNLOAD, IDLE, LMTP } mode_kind;
typedef enum { NEED_MORE, FINISHED, FAILED } progress;

typedef struct {
    mode_kind mode;
    const char *host;
    int port;
    bool tls;
    bool once;         /* every person exactly once, instead of a time */
    bool dele;         /* DELE after every RETR */
    int connections;
    int window;        /* commands sent before their answers are awaited; 1: lock-step */
    int steps;         /* IDLE: stop to be measured after each of so many equal parts */
    int recipients;    /* LMTP: people per message */
    double seconds, warmup;
    long messages;     /* LMTP: stop after so many, instead of a time; 0: by time */
    long expect;       /* messages that every maildrop must have; -1: any */
    uint64_t serial;   /* LMTP: the first message's serial number */
    const char *people_file, *letters_file, *pairs_file;
    size_t letter_size;
} options;

typedef struct {
    char name[96], password[96];
    uint64_t uidl_hash, content_hash; /* of the first session; later ones must agree */
    bool uidl_known, content_known;
} person;

typedef struct {
    char *wire;     /* dots doubled, ".\r\n" at the end */
    size_t octets;  /* of `wire` */
} letter;

typedef struct connection {
    int fd, slot;
    SSL *ssl;
    bool shaking, wants_write, waiting; /* waiting: an idle session */
    char *in;
    size_t in_from, in_to;
    char *out;
    size_t out_from, out_to, out_room;
    double opened_at, touched_at;
    /* the conversation */
    int state, who;
    long count, lines, sent, answered;
    uint64_t octets_total, hash, serial;
    uint32_t *sizes;  /* LIST's octets */
    long sizes_room;
    const letter *body;
    size_t skip, body_at;
    bool in_body, dele_answer;
    int pending;
} connection;

typedef struct {
    uint64_t sessions, messages, octets_in, octets_out, errors;
} counters;

extern options opt;
extern counters counted;
extern person *people;
extern int people_count;
extern letter *letters;
extern int letters_count;
extern FILE *pairs;

/* main.c */
double now_seconds(void);
bool stopping(void);
void note_error(const connection *c, const char *what);

/* letters.c */
void load_letters(const char *path, size_t size);
void load_people(const char *path);
void note_pair(int who, uint64_t serial);

/* connection.c */
void tls_start(void);
bool connection_open(connection *c);
void connection_close(connection *c);
bool connection_read(connection *c, bool *ended); /* false: nothing more now */
bool connection_flush(connection *c);            /* false: broken */
progress connection_shake(connection *c);
void put(connection *c, const char *data, size_t octets);
void put_line(connection *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *take_line(connection *c, size_t *octets); /* NULL: not whole yet; CRLF cut off */

/* pop3.c, lmtp.c */
void pop3_begin(connection *c);
progress pop3_input(connection *c);
void pop3_leave(connection *c);
void lmtp_begin(connection *c);
progress lmtp_input(connection *c);
bool lmtp_more(void);

#endif
