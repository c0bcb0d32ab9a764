/* loadgen: a single-threaded epoll HTTP/1.1 load generator for OpenAI-style endpoints.
 *
 *   loadgen [options] http://127.0.0.1:PORT/path
 *     -c N          connections (default 16)
 *     -d SECONDS    measured time (default 5)        -w SECONDS  warm-up, not measured (default 1)
 *     -r RATE       open loop: RATE requests/s on a fixed schedule; latency counts from the
 *                   scheduled time, so a stall is not hidden. Without -r: closed loop.
 *     -b FILE       request body (default: a chat completion of about 1 KiB)
 *     -B FILE       request bodies, one a line, taken in turn
 *     -q FILE       with -B: which body each request takes, as little-endian uint32, repeated for ever
 *     -o N          where in the sequence (or in the turn) to begin
 *     -n N          "############" in a body becomes a number of 12 digits, counted up from N: every request is new
 *     -C NAME       count the answers by their value of this header
 *     -m MODEL      model name in the default body
 *     -s            stream: default body asks for SSE; measures first-chunk and chunk times
 *     -u            with -s: ask for include_usage
 *     -H 'K: V'     extra header (repeatable)
 *
 * One JSON object on stdout; times in microseconds. "transit" is the age of a chunk on
 * arrival, taken from the "@<CLOCK_MONOTONIC ns>@" mark that mock_upstream puts in it.
 * Only loopback targets are accepted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct { double *v; size_t n, cap; } vec;
static void vpush(vec *a, double x) { if (a->n == a->cap) { a->cap = a->cap ? a->cap * 2 : 65536; a->v = realloc(a->v, a->cap * sizeof *a->v); } a->v[a->n++] = x; }
static int cmp(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return (x > y) - (x < y); }
static double pct(vec *a, double p) { if (!a->n) return -1; size_t i = (size_t)(p * (a->n - 1) + 0.5); return a->v[i]; }
static void show(const char *k, vec *a) {
    qsort(a->v, a->n, sizeof *a->v, cmp); double s = 0; for (size_t i = 0; i < a->n; i++) s += a->v[i];
    printf(",\"%s\":{\"n\":%zu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f}", k, a->n, a->n ? s / a->n : -1, pct(a, .5), pct(a, .9), pct(a, .99), pct(a, 1));
}
enum { IDLE, HEAD, LENGTH, CHUNKSIZE, CHUNKDATA, CHUNKEND, TRAILER, TOCLOSE };
typedef struct conn {
    int fd, state, status, close_after, first, out_pending;
    uint64_t t0, last_chunk;    /* scheduled start; arrival of the previous chunk */
    long left; int chunks;
    char buf[65536]; size_t n;  /* undecoded input */
    char line[4096]; size_t ln; /* current body line (streams) */
    size_t body; size_t sent;
} conn;
static struct sockaddr_in addr; static int ep, stream_mode;
typedef struct { char *text; size_t len; char *mark; } request;
static request *reqs; static size_t n_reqs; static uint32_t *seq; static size_t n_seq; static uint64_t turn, unique; static int renumber;
static const char *counted; static struct { char value[64]; uint64_t n; } values[16]; static int n_values;
static conn **conns; static int nconn; static conn **idle; static int nidle;
static uint64_t t_meas, t_end, done_all, done_meas, err_status, err_sock, bytes, n_chunks, n_chunks_all; static int first_bad;
static vec lat, ttft, transit, gapv;
static char sample[512];
static uint64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec; }

static void copen(conn *c) {
    int one = 1; c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (void *)&addr, sizeof addr)) { perror("connect"); exit(1); }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    c->state = IDLE; c->n = 0;
}
static void creopen(conn *c) { close(c->fd); copen(c); }
static request *take(void) {
    uint64_t i = turn++;
    request *r = &reqs[n_seq ? seq[i % n_seq] % n_reqs : i % n_reqs];
    if (renumber && r->mark) { char d[16]; snprintf(d, sizeof d, "%012llu", (unsigned long long)(unique++ % 1000000000000ull)); memcpy(r->mark, d, 12); }
    return r;
}
static void count(const char *v) {
    char t[64]; size_t n = 0;
    for (; v && n < sizeof t - 1 && v[n] >= 32 && v[n] != '"' && v[n] != '\\'; n++) t[n] = v[n];
    t[n] = 0;
    for (int i = 0; i < n_values; i++) if (!strcmp(values[i].value, t)) { values[i].n++; return; }
    if (n_values < 16) { strcpy(values[n_values].value, t); values[n_values++].n = 1; }
}
static void start(conn *c, uint64_t t0) {
    request *r = take();
    c->t0 = t0; c->state = HEAD; c->n = 0; c->ln = 0; c->chunks = 0; c->first = 1; c->body = 0; c->last_chunk = 0; c->status = 0; c->close_after = 0;
    ssize_t k = send(c->fd, r->text, r->len, MSG_NOSIGNAL);
    if (k != (ssize_t)r->len) { creopen(c); c->state = HEAD; c->t0 = t0; if (send(c->fd, r->text, r->len, MSG_NOSIGNAL) != (ssize_t)r->len) { fprintf(stderr, "short send\n"); exit(1); } }
}
static void next(conn *c);
static void finish(conn *c) {
    uint64_t t = now_ns(); done_all++;
    int meas = t >= t_meas && t < t_end;
    if (c->status != 200) { err_status++; if (!first_bad) { first_bad = c->status; } }
    else if (meas) { done_meas++; vpush(&lat, (t - c->t0) / 1e3); }
    if (c->close_after) creopen(c);
    c->state = IDLE; next(c);
}
static void body_line(conn *c) {
    if (c->ln < 6 || memcmp(c->line, "data:", 5)) { c->ln = 0; return; }
    uint64_t t = now_ns(); c->line[c->ln] = 0; int meas = t >= t_meas && t < t_end;
    char *p = strchr(c->line, '@');
    if (p && p[1] >= '0' && p[1] <= '9') {
        uint64_t sent = strtoull(p + 1, NULL, 10); c->chunks++; n_chunks_all++;
        if (meas) {
            n_chunks++; vpush(&transit, (double)(int64_t)(t - sent) / 1e3);
            if (c->last_chunk) vpush(&gapv, (t - c->last_chunk) / 1e3);
            if (c->first) vpush(&ttft, (t - c->t0) / 1e3);
        }
        c->first = 0; c->last_chunk = t;
    }
    c->ln = 0;
}
static void body(conn *c, const char *p, size_t n) {
    c->body += n; bytes += n;
    if (c->status != 200 && !sample[0]) { size_t k = n < sizeof sample - 1 ? n : sizeof sample - 1; memcpy(sample, p, k); sample[k] = 0; }
    if (!stream_mode) return;
    while (n) {
        const char *nl = memchr(p, '\n', n); size_t k = nl ? (size_t)(nl - p) : n;
        size_t room = sizeof c->line - 1 - c->ln, m = k < room ? k : room;
        memcpy(c->line + c->ln, p, m); c->ln += m;
        if (!nl) return;
        body_line(c); p += k + 1; n -= k + 1;
    }
}
static const char *hdr(const char *h, const char *end, const char *name) {
    size_t n = strlen(name);
    for (const char *p = h; p < end; ) {
        const char *e = memmem(p, end - p, "\r\n", 2); if (!e) e = end;
        if ((size_t)(e - p) > n && p[n] == ':' && !strncasecmp(p, name, n)) { p += n + 1; while (*p == ' ') p++; return p; }
        p = e + 2;
    }
    return NULL;
}
static void parse(conn *c) {
    char *p = c->buf; size_t n = c->n; int fin = 0;
    while (n && !fin) {
        if (c->state == HEAD) {
            char *e = memmem(p, n, "\r\n\r\n", 4); if (!e) break;
            e += 4; c->status = atoi(p + 9);
            if (c->status == 100) { n -= e - p; p = e; continue; }
            const char *v = hdr(p, e, "connection"); c->close_after = v && !strncasecmp(v, "close", 5);
            if (counted) count(hdr(p, e, counted));
            if ((v = hdr(p, e, "transfer-encoding")) && !strncasecmp(v, "chunked", 7)) c->state = CHUNKSIZE;
            else if ((v = hdr(p, e, "content-length"))) { c->left = atol(v); c->state = LENGTH; if (!c->left) fin = 1; }
            else { c->state = TOCLOSE; c->close_after = 1; }
            n -= e - p; p = e;
        } else if (c->state == LENGTH || c->state == CHUNKDATA || c->state == TOCLOSE) {
            size_t k = c->state == TOCLOSE ? n : n < (size_t)c->left ? n : (size_t)c->left;
            body(c, p, k); p += k; n -= k; c->left -= k;
            if (c->state == TOCLOSE) continue;
            if (!c->left) { if (c->state == LENGTH) fin = 1; else c->state = CHUNKEND; }
        } else if (c->state == CHUNKEND) { if (n < 2) break; p += 2; n -= 2; c->state = CHUNKSIZE; }
        else if (c->state == CHUNKSIZE) {
            char *e = memmem(p, n, "\r\n", 2); if (!e) break;
            c->left = strtol(p, NULL, 16); n -= e + 2 - p; p = e + 2; c->state = c->left ? CHUNKDATA : TRAILER;
        } else if (c->state == TRAILER) {
            char *e = memmem(p, n, "\r\n", 2); if (!e) break;
            int empty = e == p; n -= e + 2 - p; p = e + 2; if (empty) fin = 1;
        }
    }
    memmove(c->buf, p, n); c->n = n;
    if (fin) finish(c);
}
static void on_read(conn *c) {
    ssize_t k = recv(c->fd, c->buf + c->n, sizeof c->buf - c->n, MSG_DONTWAIT);
    if (k < 0 && errno == EAGAIN) return;
    if (k <= 0) {
        if (c->state == TOCLOSE) { creopen(c); c->close_after = 0; c->state = TOCLOSE; finish(c); return; }
        if (c->state != IDLE) { err_sock++; creopen(c); c->state = IDLE; next(c); } else creopen(c);
        return;
    }
    c->n += k; parse(c);
}
/* arrivals */
static double rate; static uint64_t t_start, sched, late; static int stopping;
static uint64_t due(uint64_t i) { return t_start + (uint64_t)(i * 1e9 / rate); }
static void next(conn *c) {
    if (stopping) { idle[nidle++] = c; return; }
    uint64_t t = now_ns();
    if (rate <= 0) { start(c, t); return; }
    if (due(sched) <= t) { if (t - due(sched) > 1000000) late++; start(c, due(sched)); sched++; } else idle[nidle++] = c;
}
static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "r"); if (!f) { perror(path); exit(2); }
    fseek(f, 0, SEEK_END); *n = ftell(f); rewind(f);
    char *b = malloc(*n + 1); if (fread(b, 1, *n, f) != *n) { perror(path); exit(2); }
    b[*n] = 0; fclose(f); return b;
}
static void add_request(const char *head, const char *body, size_t n) {
    if (!(n_reqs & (n_reqs - 1))) reqs = realloc(reqs, (n_reqs ? n_reqs * 2 : 1) * sizeof *reqs);
    request *r = &reqs[n_reqs++]; size_t h = strlen(head) + 64;
    r->text = malloc(h + n + 1); h = sprintf(r->text, "%scontent-length: %zu\r\n\r\n", head, n);
    memcpy(r->text + h, body, n); r->len = h + n; r->text[r->len] = 0; r->mark = strstr(r->text + h, "############");
}
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    int nc = 16, o, usage = 0; double dur = 5, warm = 1; const char *bf = NULL, *many = NULL, *sf = NULL, *model = "bench"; char hdrs[4096] = "";
    while ((o = getopt(argc, argv, "c:d:w:r:b:m:suH:B:q:o:n:C:")) != -1) switch (o) {
        case 'c': nc = atoi(optarg); break; case 'd': dur = atof(optarg); break; case 'w': warm = atof(optarg); break;
        case 'r': rate = atof(optarg); break; case 'b': bf = optarg; break; case 'm': model = optarg; break;
        case 'B': many = optarg; break; case 'q': sf = optarg; break; case 'o': turn = strtoull(optarg, NULL, 10); break;
        case 'n': renumber = 1; unique = strtoull(optarg, NULL, 10); break; case 'C': counted = optarg; break;
        case 's': stream_mode = 1; break; case 'u': usage = 1; break;
        case 'H': strncat(hdrs, optarg, sizeof hdrs - strlen(hdrs) - 3); strcat(hdrs, "\r\n"); break;
        default: return 2; }
    if (optind >= argc) { fprintf(stderr, "usage: loadgen [options] URL\n"); return 2; }
    char host[64], path[1024] = "/"; int port;
    if (sscanf(argv[optind], "http://%63[^:]:%d%1023s", host, &port, path) < 2) { fprintf(stderr, "bad url\n"); return 2; }
    addr.sin_family = AF_INET; addr.sin_port = htons(port); inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &addr.sin_addr);
    if ((ntohl(addr.sin_addr.s_addr) >> 24) != 127) { fprintf(stderr, "only loopback targets\n"); return 2; }
    char *bd, *head = malloc(8192); size_t bl;
    sprintf(head, "POST %s HTTP/1.1\r\nhost: %s:%d\r\ncontent-type: application/json\r\naccept: application/json\r\nuser-agent: OpenAI/Python loadgen\r\n%s", path, host, port, hdrs);
    if (many) {
        bd = slurp(many, &bl);
        for (char *p = bd, *e; *p; p = e + 1) { e = strchr(p, '\n'); if (!e) break; if (e > p) add_request(head, p, e - p); }
        if (!n_reqs) { fprintf(stderr, "no bodies in %s\n", many); return 2; }
    } else if (bf) { bd = slurp(bf, &bl); add_request(head, bd, bl); }
    else {
        bd = malloc(4096); char text[701]; for (int i = 0; i < 700; i++) text[i] = "please summarise the following passage in two lines. "[i % 53]; text[700] = 0;
        bl = sprintf(bd, "{\"model\":\"%s\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful assistant that answers briefly.\"},{\"role\":\"user\",\"content\":\"%s\"}],\"temperature\":0.7,\"max_tokens\":256,\"user\":\"user-1234\"%s%s}", model, text, stream_mode ? ",\"stream\":true" : "", usage ? ",\"stream_options\":{\"include_usage\":true}" : "");
        add_request(head, bd, bl);
    }
    if (sf) { seq = (uint32_t *)slurp(sf, &n_seq); n_seq /= 4; }
    ep = epoll_create1(0); conns = calloc(nc, sizeof *conns); idle = calloc(nc + 1, sizeof *idle); nconn = nc;
    for (int i = 0; i < nc; i++) { conns[i] = calloc(1, sizeof **conns); copen(conns[i]); }
    t_start = now_ns(); t_meas = t_start + (uint64_t)(warm * 1e9); t_end = t_meas + (uint64_t)(dur * 1e9);
    for (int i = 0; i < nc; i++) next(conns[i]);
    struct epoll_event ev[512];
    for (;;) {
        uint64_t t = now_ns();
        if (t >= t_end) { stopping = 1; if (nidle == nc || t > t_end + 3000000000ull) break; }
        struct timespec ts = { 0, 100000000 };
        if (rate > 0 && !stopping && nidle) { uint64_t d = due(sched) > t ? due(sched) - t : 0; if (d < 100000000) ts.tv_nsec = d; }
        int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
        for (int i = 0; i < n; i++) on_read(ev[i].data.ptr);
        if (rate > 0 && !stopping) while (nidle && due(sched) <= now_ns()) { conn *c = idle[--nidle]; next(c); }
    }
    struct rusage ru; getrusage(RUSAGE_SELF, &ru);
    printf("{\"ok\":%llu,\"rps\":%.1f,\"total\":%llu,\"err_status\":%llu,\"first_bad_status\":%d,\"err_socket\":%llu,\"unfinished\":%d,\"bytes\":%llu,\"late_starts\":%llu,\"own_cpu_s\":%.3f,\"elapsed_s\":%.3f",
        (unsigned long long)done_meas, done_meas / dur, (unsigned long long)done_all, (unsigned long long)err_status, first_bad, (unsigned long long)err_sock, nc - nidle, (unsigned long long)bytes, (unsigned long long)late,
        ru.ru_utime.tv_sec + ru.ru_utime.tv_usec / 1e6 + ru.ru_stime.tv_sec + ru.ru_stime.tv_usec / 1e6, (now_ns() - t_start) / 1e9);
    show("latency", &lat);
    if (stream_mode) { printf(",\"chunks\":%llu,\"chunks_total\":%llu,\"chunks_s\":%.1f", (unsigned long long)n_chunks, (unsigned long long)n_chunks_all, n_chunks / dur); show("ttft", &ttft); show("transit", &transit); show("gap", &gapv); }
    printf(",\"turn\":%llu", (unsigned long long)turn);
    if (counted) { printf(",\"header\":{"); for (int i = 0; i < n_values; i++) printf("%s\"%s\":%llu", i ? "," : "", values[i].value, (unsigned long long)values[i].n); printf("}"); }
    if (sample[0]) { printf(",\"sample\":\""); for (char *p = sample; *p; p++) if (*p == '"' || *p == '\\') printf("\\%c", *p); else if ((unsigned char)*p >= 32) putchar(*p); printf("\""); }
    printf("}\n");
    return 0;
}
