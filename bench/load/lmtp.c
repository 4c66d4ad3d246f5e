/* The LMTP sender: one connection, many messages; the next one only after the last is safe (RFC 2033).
 *
 * Each message has a serial number of its own in its Message-ID, so no two are alike; who
 * accepted which serial goes to the file of pairs.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { GREETING, LHLO_SENT, ENVELOPE, DATA_SENT, BODY_SENT, QUIT_SENT };

static uint64_t given; /* messages begun */
static int next_person;

bool lmtp_more(void) {
    return opt.messages ? given < (uint64_t)opt.messages : !stopping();
}

void lmtp_begin(connection *c) {
    c->state = GREETING;
}

static progress failed(connection *c, const char *line) {
    note_error(c, line);
    return FAILED;
}

/* MAIL, all RCPTs and DATA in one write, as every MTA does where PIPELINING is offered. */
static void envelope(connection *c) {
    if (!lmtp_more()) {
        put_line(c, "QUIT");
        c->state = QUIT_SENT;
        return;
    }
    c->serial = opt.serial + given++;
    c->who = next_person;
    put_line(c, "MAIL FROM:<sender@elsewhere.example>");
    for (int i = 0; i < opt.recipients; i++)
        put_line(c, "RCPT TO:<%s>", people[(c->who + i) % people_count].name);
    put_line(c, "DATA");
    next_person = (next_person + opt.recipients) % people_count;
    c->pending = 1 + opt.recipients;
    c->state = ENVELOPE;
}

static void content(connection *c) {
    const letter *one = &letters[c->serial % (uint64_t)letters_count];
    char digits[SERIAL_DIGITS + 1];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)c->serial);
    put(c, one->wire, SERIAL_AT);
    put(c, digits, SERIAL_DIGITS);
    put(c, one->wire + SERIAL_AT + SERIAL_DIGITS, one->octets - SERIAL_AT - SERIAL_DIGITS);
    c->pending = opt.recipients;
    c->state = BODY_SENT;
}

static progress answered(connection *c, const char *line) {
    const char *wanted = c->state == GREETING ? "220" : c->state == DATA_SENT ? "354"
                         : c->state == QUIT_SENT ? "221" : "250";
    if (strncmp(line, wanted, 3)) return failed(c, line);
    switch (c->state) {
    case GREETING:
        put_line(c, "LHLO bench.example");
        c->state = LHLO_SENT;
        break;
    case LHLO_SENT:
        envelope(c);
        break;
    case ENVELOPE:
        if (--c->pending == 0) c->state = DATA_SENT;
        break;
    case DATA_SENT:
        content(c);
        break;
    case BODY_SENT:
        note_pair((c->who + opt.recipients - c->pending) % people_count, c->serial);
        counted.messages++;
        if (--c->pending == 0) envelope(c);
        break;
    default:
        counted.sessions++;
        return FINISHED;
    }
    return NEED_MORE;
}

progress lmtp_input(connection *c) {
    for (;;) {
        size_t octets;
        char *line = take_line(c, &octets);
        if (!line) return NEED_MORE;
        if (octets > 3 && line[3] == '-') continue; /* more of this reply follows */
        progress outcome = answered(c, line);
        if (outcome != NEED_MORE) return outcome;
    }
}
