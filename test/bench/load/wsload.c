// wsload: a WebSocket load generator that never is the bottleneck.
// One thread, epoll, prebuilt masked frames. Prints one JSON line.
//   cc -O2 -o wsload wsload.c
//   wsload MODE --port P --path /x [--conns N] [--window W] [--secs S] [--size B] [--msg 'a%b'] [--pre recv,send:40,recv] [--ws-text 1]
// MODE: echo    every connection keeps W messages in flight and waits for their echo
//       fanout  connection 0 keeps W messages in flight; every connection must get each of them
//       idle    opens N connections, prints "ready", holds them until stdin closes
//       churn   opens, readies and closes connections, K=window at a time, as fast as it goes
// --frame HEX sends that payload, with RSV1 set, in place of --msg: what was compressed beforehand.
// --report N speaks our own resume where the open packet offers it: after every N messages it says how many it has seen.
// Latencies are in microseconds. A frame whose payload is "2" is answered with "3" (Engine.IO heartbeat).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, HTTP, PRE, READY };
struct conn {
  int fd, state, step, id, in_flight;
  uint8_t *in; size_t len, cap;
  uint8_t *out; size_t olen, ocap;
  uint64_t *ts; uint32_t head, tail;      // ring of send times
  uint64_t delivered;
  int resumes; uint64_t seen, told;
};
static const char *mode = "echo", *path = "/", *msg = "%", *pre = "", *hdr = "", *packed = "";
static int port = 0, nconns = 100, window = 1, size = 64, ramp = 200, report = 0; static double secs = 5, warm = 1;
static char *steps[16]; static int nsteps;
static uint8_t *frame; static size_t frame_len;
static struct conn *conns; static int ep, nready, nopen; static uint64_t delivered, churned, errors_, bytes_in;
static uint64_t *trig; static uint64_t ntrig; enum { RING = 1 << 16 };
static uint32_t *hist; enum { HMAX = 2000000 }; static uint64_t nlat; static int recording, stopping;

static uint64_t now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000ull + t.tv_nsec / 1000; }
static void lat(uint64_t us) { if (!recording) return; if (us >= HMAX) us = HMAX - 1; hist[us]++; nlat++; }

static size_t make_frame(uint8_t *o, const char *p, size_t n) {
  static const uint8_t k[4] = {0x37, 0xfa, 0x21, 0x3d};
  size_t h = 0; o[h++] = 0x81;
  if (n < 126) o[h++] = 0x80 | n;
  else if (n < 65536) { o[h++] = 0x80 | 126; o[h++] = n >> 8; o[h++] = n; }
  else { o[h++] = 0x80 | 127; for (int i = 7; i >= 0; i--) o[h++] = (uint64_t)n >> (8 * i); }
  memcpy(o + h, k, 4); h += 4;
  for (size_t i = 0; i < n; i++) o[h + i] = p[i] ^ k[i & 3];
  return h + n;
}
static size_t make_packed(uint8_t *o, const char *hex) {       // a masked text frame with RSV1 around the bytes in hex
  size_t n = strlen(hex) / 2; char *p = malloc(n + 1); unsigned byte;
  for (size_t i = 0; i < n && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++) p[i] = byte;
  size_t len = make_frame(o, p, n); o[0] |= 0x40; free(p); return len;
}
static void watch(struct conn *c, uint32_t ev, int op) { struct epoll_event e = {.events = ev, .data.ptr = c}; epoll_ctl(ep, op, c->fd, &e); }
static void flush_out(struct conn *c) {
  while (c->olen) {
    ssize_t n = send(c->fd, c->out, c->olen, MSG_NOSIGNAL);
    if (n < 0) { if (errno == EAGAIN) { watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD); } return; }
    memmove(c->out, c->out + n, c->olen - n); c->olen -= n;
  }
}
static void put(struct conn *c, const void *p, size_t n) {
  if (c->olen + n > c->ocap) { c->ocap = (c->olen + n) * 2; c->out = realloc(c->out, c->ocap); }
  memcpy(c->out + c->olen, p, n); c->olen += n;
}
static void send_text(struct conn *c, const char *s) { uint8_t b[512]; size_t n = make_frame(b, s, strlen(s)); put(c, b, n); flush_out(c); }
static void send_msg(struct conn *c, int k) {
  uint64_t t = now_us();
  for (int i = 0; i < k; i++) {
    put(c, frame, frame_len); c->in_flight++;
    if (!strcmp(mode, "fanout")) trig[ntrig++ % RING] = t; else c->ts[c->head++ % window] = t;
  }
  flush_out(c);
}
static void dial(struct conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct linger lg = {1, 0}; setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &lg, sizeof lg);
  // spread the source over 127.0.0.0/8 so that ports never run out
  struct sockaddr_in src = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + c->id / 20000)}; bind(c->fd, (void *)&src, sizeof src);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(c->fd, (void *)&a, sizeof a) < 0 && errno != EINPROGRESS) { errors_++; close(c->fd); c->fd = -1; return; }
  c->state = CONNECTING; c->len = c->olen = 0; c->step = 0; c->in_flight = 0; c->head = c->tail = 0; c->delivered = 0; c->resumes = 0; c->seen = c->told = 0; nopen++;
  watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}
static void hangup(struct conn *c, int err) {
  if (c->fd < 0) return;
  if (err && !stopping) errors_++;
  if (c->state == READY) nready--;
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, 0); close(c->fd); c->fd = -1; nopen--;
}
static void ready(struct conn *c) {
  c->state = READY; nready++;
  if (!strcmp(mode, "churn")) { churned++; hangup(c, 0); if (!stopping) dial(c); }
}
static void advance(struct conn *c) {                       // run the opening script up to the next recv
  while (c->step < nsteps && !strncmp(steps[c->step], "send:", 5)) send_text(c, steps[c->step++] + 5);
  if (c->step >= nsteps) ready(c);
}
static void on_frame(struct conn *c, int op, const uint8_t *p, size_t n, uint64_t t) {
  if (op == 8) { hangup(c, 1); return; }
  if (op == 9 || op == 10) return;
  if (n && report && c->resumes) {                          // shared/engine/README.md, "The wire of resume"
    if (p[0] == '4') c->seen++;
    if (p[0] == '2' || c->seen - c->told >= report) { char s[32]; snprintf(s, sizeof s, "%c%lu", p[0] == '2' ? '3' : '6', c->seen); c->told = c->seen; uint8_t b[64]; put(c, b, make_frame(b, s, strlen(s))); } // leaves with the next message
    if (p[0] == '2' || p[0] == '6') return;
  }
  if (n == 1 && p[0] == '2' && nsteps) { send_text(c, "3"); return; }
  if (c->state == PRE && n > 8 && memmem(p, n, "\"resume\"", 8)) c->resumes = 1;
  if (c->state == PRE) { c->step++; advance(c); return; }
  delivered++;
  if (!strcmp(mode, "fanout")) {
    lat(t - trig[c->delivered++ % RING]);
    if (c->id == 0) c->in_flight--;
  } else if (!strcmp(mode, "echo")) { lat(t - c->ts[c->tail++ % window]); c->in_flight--; }
}
static void on_data(struct conn *c) {
  for (;;) {
    if (c->cap - c->len < 65536) { c->cap = c->cap ? c->cap * 2 : 131072; if (!strcmp(mode, "idle") && c->cap > 8192 && c->len == 0) c->cap = 131072; c->in = realloc(c->in, c->cap); }
    ssize_t n = recv(c->fd, c->in + c->len, c->cap - c->len, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) { hangup(c, 1); return; }
    if (n < 0) break;
    c->len += n; bytes_in += n;
    if (c->len < c->cap) break;
  }
  size_t off = 0; uint64_t t = now_us();
  if (c->state == HTTP) {
    uint8_t *e = memmem(c->in, c->len, "\r\n\r\n", 4); if (!e) return;
    if (c->len < 12 || memcmp(c->in + 9, "101", 3)) { fprintf(stderr, "refused: %.40s\n", c->in); hangup(c, 1); return; }
    off = e + 4 - c->in; c->state = PRE; advance(c); if (c->fd < 0 || c->state == CONNECTING) return;
  }
  while (c->len - off >= 2) {
    uint8_t *b = c->in + off; size_t h = 2, n = b[1] & 127;
    if (n == 126) { if (c->len - off < 4) break; n = b[2] << 8 | b[3]; h = 4; }
    else if (n == 127) { if (c->len - off < 10) break; n = 0; for (int i = 2; i < 10; i++) n = n << 8 | b[i]; h = 10; }
    if (c->len - off < h + n) break;
    int fd = c->fd; on_frame(c, b[0] & 15, b + h, n, t); if (c->fd != fd || c->state == CONNECTING) return;
    off += h + n;
  }
  memmove(c->in, c->in + off, c->len - off); c->len -= off;
  if (c->state == READY && c->olen && (c->in_flight >= window || stopping)) flush_out(c);
  if (!strcmp(mode, "idle") && c->len == 0) { free(c->in); c->in = 0; c->cap = 0; }
  if (c->state == READY && recording != 2 && !stopping && c->in_flight < window && (!strcmp(mode, "echo") || (!strcmp(mode, "fanout") && c->id == 0)) && nready == nconns) send_msg(c, window - c->in_flight);
}
static void on_event(struct conn *c, uint32_t ev) {
  if (c->fd < 0) return;
  if (c->state == CONNECTING && ev & EPOLLOUT) {
    char req[2048]; int n = snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, port, hdr);
    c->state = HTTP; put(c, req, n); watch(c, EPOLLIN, EPOLL_CTL_MOD); flush_out(c);
  } else if (ev & EPOLLOUT && c->olen) { watch(c, EPOLLIN, EPOLL_CTL_MOD); flush_out(c); }
  if (ev & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_data(c);
}
static void turn(int ms) { struct epoll_event e[512]; int n = epoll_wait(ep, e, 512, ms); for (int i = 0; i < n; i++) on_event(e[i].data.ptr, e[i].events); }
static uint64_t pct(double p) { uint64_t want = nlat * p, s = 0; for (int i = 0; i < HMAX; i++) if ((s += hist[i]) > want) return i; return 0; }

int main(int ac, char **av) {
  if (ac > 1) mode = av[1];
  for (int i = 2; i + 1 < ac; i += 2) {
    char *k = av[i], *v = av[i + 1];
    if (!strcmp(k, "--port")) port = atoi(v); else if (!strcmp(k, "--path")) path = v; else if (!strcmp(k, "--conns")) nconns = atoi(v);
    else if (!strcmp(k, "--window")) window = atoi(v); else if (!strcmp(k, "--secs")) secs = atof(v); else if (!strcmp(k, "--warm")) warm = atof(v);
    else if (!strcmp(k, "--size")) size = atoi(v); else if (!strcmp(k, "--msg")) msg = v; else if (!strcmp(k, "--pre")) pre = v; else if (!strcmp(k, "--ramp")) ramp = atoi(v); else if (!strcmp(k, "--frame")) packed = v; else if (!strcmp(k, "--report")) report = atoi(v);
    else if (!strcmp(k, "--header")) { char *h; if (asprintf(&h, "%s\r\n", v) > 0) hdr = h; } else { fprintf(stderr, "unknown %s\n", k); return 2; }
  }
  struct rlimit rl = {1 << 20, 1 << 20}; if (setrlimit(RLIMIT_NOFILE, &rl)) { getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl); }
  char *script = strdup(pre); for (char *s = strtok(script, ","); s; s = strtok(0, ",")) steps[nsteps++] = s;
  const char *pc = strchr(msg, '%'); size_t ml = strlen(msg) - (pc ? 1 : 0) + (pc ? size : 0); char *m = malloc(ml + 1);
  if (pc) { memcpy(m, msg, pc - msg); memset(m + (pc - msg), 'x', size); strcpy(m + (pc - msg) + size, pc + 1); } else strcpy(m, msg);
  frame = malloc(ml + strlen(packed) + 16); frame_len = *packed ? make_packed(frame, packed) : make_frame(frame, m, ml);
  hist = calloc(HMAX, 4); trig = calloc(RING, 8); ep = epoll_create1(0);
  int churn = !strcmp(mode, "churn"), slots = churn ? window : nconns; conns = calloc(slots, sizeof *conns);
  uint64_t t0 = now_us();
  for (int i = 0; i < slots; i++) { conns[i].id = i; conns[i].fd = -1; conns[i].ts = calloc(window, 8); dial(&conns[i]); while (!churn && nopen - nready > ramp) { turn(1000); if (now_us() - t0 > 120e6) break; } }
  if (!churn) { while (nready < nconns && now_us() - t0 < 120e6 && nopen) turn(100); if (nready < nconns) { printf("{\"mode\":\"%s\",\"error\":\"only %d of %d ready\"}\n", mode, nready, nconns); return 1; } }
  double open_s = (now_us() - t0) / 1e6;
  if (!strcmp(mode, "idle")) {
    printf("ready %d in %.2f s\n", nready, open_s); fflush(stdout); fcntl(0, F_SETFL, O_NONBLOCK);
    for (char b[64];;) { turn(200); ssize_t n = read(0, b, sizeof b); if (n == 0) break; }
    return 0;
  }
  if (!churn) for (int i = 0; i < nconns; i++) if (!strcmp(mode, "echo") || i == 0) send_msg(&conns[i], window);
  uint64_t w = now_us(); while (now_us() - w < warm * 1e6) turn(50);
  printf("begin\n"); fflush(stdout);
  recording = 1; uint64_t s = now_us(), d0 = delivered, c0 = churned, b0 = bytes_in; struct rusage ra, rb; getrusage(RUSAGE_SELF, &ra);
  while (now_us() - s < secs * 1e6) turn(50);
  double el = (now_us() - s) / 1e6; getrusage(RUSAGE_SELF, &rb);
  double cpu = (rb.ru_utime.tv_sec - ra.ru_utime.tv_sec) + (rb.ru_stime.tv_sec - ra.ru_stime.tv_sec) + (rb.ru_utime.tv_usec - ra.ru_utime.tv_usec + rb.ru_stime.tv_usec - ra.ru_stime.tv_usec) / 1e6;
  uint64_t n = churn ? churned - c0 : delivered - d0;
  stopping = 1;
  printf("{\"mode\":\"%s\",\"conns\":%d,\"window\":%d,\"size\":%d,\"secs\":%.2f,\"n\":%lu,\"rate\":%.0f,\"mb_s\":%.1f,\"p50_us\":%lu,\"p99_us\":%lu,\"p999_us\":%lu,\"open_s\":%.2f,\"gen_cpu\":%.2f,\"errors\":%lu}\n",
    mode, slots, window, size, el, n, n / el, (bytes_in - b0) / el / 1e6, nlat ? pct(.5) : 0, nlat ? pct(.99) : 0, nlat ? pct(.999) : 0, open_s, cpu / el, errors_);
  return 0;
}
