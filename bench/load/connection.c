/* One connection: a non-blocking socket, TLS over it if asked for, and two buffers. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *tls;

/* A full handshake per connection: nothing is resumed. Who the server is does not matter here. */
void tls_start(void) {
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
    SSL_CTX_set1_groups_list(tls, "X25519");
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_default_read_buffer_len(tls, 64 * 1024);
}

bool connection_open(connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    inet_pton(AF_INET, opt.host, &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return false;
    int yes = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) return false;
    if (!c->in) c->in = malloc(INPUT_OCTETS);
    c->in_from = c->in_to = c->out_from = c->out_to = 0;
    c->wants_write = c->waiting = false;
    c->opened_at = c->touched_at = now_seconds();
    c->shaking = opt.tls;
    if (opt.tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
    }
    return true;
}

void connection_close(connection *c) {
    if (c->ssl) {
        if (!c->shaking) SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
        ERR_clear_error();
    }
    c->ssl = NULL;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

/* What SSL's refusal means: false when broken. */
static bool tls_may_go_on(connection *c, int result, bool *ended) {
    int why = SSL_get_error(c->ssl, result);
    if (why == SSL_ERROR_WANT_READ) return true;
    if (why == SSL_ERROR_WANT_WRITE) return c->wants_write = true;
    *ended = true;
    ERR_clear_error();
    return false;
}

progress connection_shake(connection *c) {
    bool ended = false;
    c->wants_write = false;
    int result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        c->shaking = false;
        return FINISHED;
    }
    return tls_may_go_on(c, result, &ended) ? NEED_MORE : FAILED;
}

bool connection_read(connection *c, bool *ended) {
    if (c->in_from) {
        memmove(c->in, c->in + c->in_from, c->in_to - c->in_from);
        c->in_to -= c->in_from;
        c->in_from = 0;
    }
    size_t room = INPUT_OCTETS - c->in_to;
    if (!room) return false;
    ssize_t got;
    if (c->ssl) {
        got = SSL_read(c->ssl, c->in + c->in_to, (int)room);
        if (got <= 0) {
            tls_may_go_on(c, (int)got, ended);
            return false;
        }
    } else {
        got = recv(c->fd, c->in + c->in_to, room, 0);
        if (got <= 0) {
            if (got == 0 || (errno != EAGAIN && errno != EINTR)) *ended = true;
            return false;
        }
    }
    c->in_to += (size_t)got;
    counted.octets_in += (uint64_t)got;
    return true;
}

bool connection_flush(connection *c) {
    c->wants_write = false;
    while (c->out_from < c->out_to) {
        size_t octets = c->out_to - c->out_from;
        ssize_t gone;
        if (c->ssl) {
            bool ended = false;
            gone = SSL_write(c->ssl, c->out + c->out_from, (int)octets);
            if (gone <= 0) return tls_may_go_on(c, (int)gone, &ended);
        } else {
            gone = send(c->fd, c->out + c->out_from, octets, MSG_NOSIGNAL);
            if (gone < 0) return errno == EAGAIN || errno == EINTR ? (c->wants_write = true) : false;
        }
        c->out_from += (size_t)gone;
        counted.octets_out += (uint64_t)gone;
    }
    c->out_from = c->out_to = 0;
    return true;
}

void put(connection *c, const char *data, size_t octets) {
    if (c->out_to + octets > c->out_room) {
        c->out_room = (c->out_to + octets) * 2;
        c->out = realloc(c->out, c->out_room);
    }
    memcpy(c->out + c->out_to, data, octets);
    c->out_to += octets;
}

void put_line(connection *c, const char *format, ...) {
    char line[512];
    va_list fields;
    va_start(fields, format);
    int octets = vsnprintf(line, sizeof line - 2, format, fields);
    va_end(fields);
    memcpy(line + octets, "\r\n", 2);
    put(c, line, (size_t)octets + 2);
}

char *take_line(connection *c, size_t *octets) {
    char *start = c->in + c->in_from;
    char *end = memchr(start, '\n', c->in_to - c->in_from);
    if (!end) return NULL;
    c->in_from += (size_t)(end - start) + 1;
    *octets = (size_t)(end - start);
    if (*octets && end[-1] == '\r') end--, --*octets;
    *end = 0;
    return start;
}
