/* The POP3 client: log in, look, perhaps fetch everything, quit (RFC 1939).
 *
 * Checked at every session: counts of STAT, LIST and UIDL agree, octets of STAT and LIST agree,
 * UIDLs and letters are those of the person's earlier sessions, each body is octet for octet the
 * delivered letter behind whatever header lines the server put before it, and its length is what
 * LIST said.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { GREETING, USER_SENT, PASS_SENT, STAT_SENT, UIDL_HEAD, UIDL_LINES, LIST_HEAD, LIST_LINES,
       FETCHING, QUIT_SENT };

void pop3_begin(connection *c) {
    c->state = GREETING;
    c->count = c->lines = c->sent = c->answered = 0;
    c->hash = c->octets_total = 0;
    c->in_body = c->dele_answer = false;
}

void pop3_leave(connection *c) {
    c->state = QUIT_SENT;
    put_line(c, "QUIT");
}

static uint64_t mixed(uint64_t hash, const char *data, size_t octets) {
    uint64_t word;
    for (; octets >= 8; data += 8, octets -= 8) {
        memcpy(&word, data, 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    for (word = 1; octets; octets--) word = word << 8 | (unsigned char)*data++;
    return (hash ^ word) * 0x9E3779B97F4A7C15u;
}

static progress failed(connection *c, const char *what) {
    note_error(c, what);
    return FAILED;
}

static void ask_more(connection *c) {
    if (c->answered < c->sent) return;
    long until = c->sent + opt.window;
    if (until > c->count) until = c->count;
    while (c->sent < until) {
        c->sent++;
        put_line(c, "RETR %ld", c->sent);
        if (opt.dele) put_line(c, "DELE %ld", c->sent);
    }
    if (c->answered == c->count) {
        person *p = &people[c->who];
        if (!p->content_known || opt.dele) p->content_hash = c->hash, p->content_known = true;
        else if (p->content_hash != c->hash) note_error(c, "letters differ from the last session");
        pop3_leave(c);
    }
}

/* One line of a scan listing; true when the listing is over. */
static bool listed(connection *c, const char *line, size_t octets, progress *outcome) {
    if (octets == 1 && *line == '.') return true;
    c->lines++;
    char *rest;
    long number = strtol(line, &rest, 10);
    if (number != c->lines || *rest != ' ') *outcome = failed(c, line);
    else if (c->state == UIDL_LINES) c->hash = mixed(c->hash, line, octets);
    else if (number <= c->count) c->octets_total -= c->sizes[number - 1] = (uint32_t)atol(rest + 1);
    return false;
}

static progress listing(connection *c, const char *line, size_t octets) {
    progress outcome = NEED_MORE;
    if (!listed(c, line, octets, &outcome)) return outcome;
    if (c->lines != c->count) return failed(c, "a listing's lines are not STAT's count");
    if (c->state == UIDL_LINES) {
        person *p = &people[c->who];
        if (!p->uidl_known || opt.dele) p->uidl_hash = c->hash, p->uidl_known = true;
        else if (p->uidl_hash != c->hash) return failed(c, "UIDLs differ from the last session");
        if (opt.mode == POLL) {
            pop3_leave(c);
        } else {
            put_line(c, "LIST");
            c->state = LIST_HEAD;
        }
        return NEED_MORE;
    }
    if (c->octets_total) return failed(c, "the octets of LIST do not add up to those of STAT");
    c->state = FETCHING;
    c->hash = 0;
    ask_more(c);
    return NEED_MORE;
}

static progress stat_answer(connection *c, const char *line) {
    unsigned long long octets = 0;
    if (sscanf(line, "+OK %ld %llu", &c->count, &octets) != 2) return failed(c, line);
    if (opt.expect >= 0 && c->count != opt.expect) return failed(c, line);
    c->octets_total = octets;
    if (c->count > c->sizes_room) {
        c->sizes = realloc(c->sizes, sizeof *c->sizes * (size_t)c->count);
        c->sizes_room = c->count;
    }
    put_line(c, "UIDL");
    c->state = UIDL_HEAD;
    return NEED_MORE;
}

static progress positive(connection *c, const char *line) {
    switch (c->state) {
    case GREETING:
        put_line(c, "USER %s", people[c->who].name);
        c->state = USER_SENT;
        return NEED_MORE;
    case USER_SENT:
        put_line(c, "PASS %s", people[c->who].password);
        c->state = PASS_SENT;
        return NEED_MORE;
    case PASS_SENT:
        if (opt.mode == IDLE) {
            c->waiting = true;
            return NEED_MORE;
        }
        put_line(c, "STAT");
        c->state = STAT_SENT;
        return NEED_MORE;
    case STAT_SENT:
        return stat_answer(c, line);
    case UIDL_HEAD:
    case LIST_HEAD:
        c->lines = 0;
        c->state++;
        return NEED_MORE;
    case FETCHING:
        if (c->dele_answer) {
            c->dele_answer = false;
            c->answered++;
            ask_more(c);
            return NEED_MORE;
        }
        if (c->sizes[c->answered] < opt.letter_size) return failed(c, "LIST says less than was delivered");
        c->skip = c->sizes[c->answered] - opt.letter_size;
        c->in_body = true;
        c->body = NULL;
        return NEED_MORE;
    default: /* QUIT_SENT */
        counted.sessions++;
        return FINISHED;
    }
}

/* Find which letter it is, past the header lines that the server put before it. */
static progress body_head(connection *c) {
    size_t here = c->in_to - c->in_from;
    if (here < c->skip + LETTER_HEAD) return NEED_MORE;
    const char *head = c->in + c->in_from + c->skip;
    if (memcmp(head, "Message-ID: <", SERIAL_AT)) return failed(c, "a letter does not begin where LIST says");
    char digits[SERIAL_DIGITS + 1] = {0};
    memcpy(digits, head + SERIAL_AT, SERIAL_DIGITS);
    c->serial = strtoull(digits, NULL, 16);
    long number = strtol(head + NUMBER_AT, NULL, 10);
    if (number < 0 || number >= letters_count) return failed(c, "a letter that was never delivered");
    c->body = &letters[number];
    c->body_at = SERIAL_AT + SERIAL_DIGITS;
    c->in_from += c->skip + c->body_at;
    return FINISHED;
}

static progress body(connection *c) {
    if (!c->body) {
        progress found = body_head(c);
        if (found != FINISHED) return found;
    }
    size_t here = c->in_to - c->in_from, left = c->body->octets - c->body_at;
    size_t octets = here < left ? here : left;
    if (memcmp(c->in + c->in_from, c->body->wire + c->body_at, octets))
        return failed(c, "a letter came back changed");
    c->in_from += octets;
    c->body_at += octets;
    if (octets < left) return NEED_MORE;
    counted.messages++;
    c->hash = c->hash * 31 + c->serial;
    note_pair(c->who, c->serial);
    c->in_body = false;
    if (opt.dele) c->dele_answer = true;
    else c->answered++, ask_more(c);
    return FINISHED;
}

progress pop3_input(connection *c) {
    for (;;) {
        if (c->in_body) {
            progress got = body(c);
            if (got != FINISHED) return got;
            continue;
        }
        size_t octets;
        char *line = take_line(c, &octets);
        if (!line) return NEED_MORE;
        progress outcome;
        if (c->state == UIDL_LINES || c->state == LIST_LINES) outcome = listing(c, line, octets);
        else if (line[0] == '+') outcome = positive(c, line);
        else outcome = failed(c, line);
        if (outcome != NEED_MORE) return outcome;
    }
}
