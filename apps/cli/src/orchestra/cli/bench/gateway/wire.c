/* `wire upstream PORT`: a provider that answers at once. `wire load …`: callers that wait for each
 * answer and then call again. One thread each; far faster than what stands between them. Linux.
 *
 * The upstream answers a POST with a chat completion, or with 68 server-sent events, each in a write of
 * its own, when the body asks for a stream. The answer ends for its length, so that no gateway keeps it;
 * with KEEP in the body it ends by itself. The load writes a number over NUMBER in its request before each
 * call, so that no two are alike, and prints one JSON object. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEEP "keep-this-answer"
#define NUMBER "@@@@@@@@@@"
#define EVENTS 68
#define CONNECTIONS 1024
#define BUFFER (256 * 1024)
#define SAMPLES (8 * 1024 * 1024)

struct connection {
  int fd, sending;
  char *buffer;
  size_t used;
  /* of a caller */
  int head_read, chunked, first_seen;
  long left; /* bytes of the body or of the chunk; -1 while a chunk's size is read */
  int last_chunk;
  double began, first;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void at_once(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int write_all(int fd, const char *bytes, size_t size) {
  while (size) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) return -1;
      struct pollfd ready = {fd, POLLOUT, 0};
      if (poll(&ready, 1, 1000) != 1) return -1;
      continue;
    }
    bytes += sent;
    size -= sent;
  }
  return 0;
}

static long header_number(const char *head, const char *name) {
  const char *at = strcasestr(head, name);
  return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* ---- the upstream ---- */

static const char ANSWER[] =
    "{\"id\":\"chatcmpl-bench-0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1790000000,"
    "\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
    "\"The quick brown fox jumps over the lazy dog near the river bank while seven wizards quietly pack "
    "twelve boxes of jugs, and everybody who watches them from the other side of the water agrees that "
    "it takes about as long as an answer of a small model, which is what this text stands for.\","
    "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":64,"
    "\"completion_tokens\":64,\"total_tokens\":128,\"prompt_tokens_details\":{\"cached_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":0}},\"system_fingerprint\":\"fp_bench\"}";

static char *pieces[EVENTS + 1], *by_itself;
static size_t piece_sizes[EVENTS + 1];

static void piece(int at, const char *data) {
  char line[2048];
  int size = snprintf(line, sizeof line, "data: %s\n\n", data);
  piece_sizes[at] = asprintf(&pieces[at], "%x\r\n%s\r\n", size, line);
}

static void make_events(void) {
  static const char head[] =
      "{\"id\":\"chatcmpl-bench-0123456789abcdef\",\"object\":\"chat.completion.chunk\","
      "\"created\":1790000000,\"model\":\"gpt-4o-mini\",";
  char text[1024];
  for (int i = 0; i < EVENTS - 1; i++) {
    if (i == 0)
      snprintf(text, sizeof text,
               "%s\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
               "\"finish_reason\":null}]}", head);
    else if (i == EVENTS - 3)
      snprintf(text, sizeof text,
               "%s\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}", head);
    else if (i == EVENTS - 2)
      snprintf(text, sizeof text,
               "%s\"choices\":[],\"usage\":{\"prompt_tokens\":64,\"completion_tokens\":64,"
               "\"total_tokens\":128}}", head);
    else
      snprintf(text, sizeof text,
               "%s\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word%d\"},"
               "\"finish_reason\":null}]}", head, i);
    piece(i, text);
  }
  piece(EVENTS - 1, "[DONE]");
  by_itself = strdup(pieces[EVENTS - 3]);
  memcpy(strstr(by_itself, "\"length\""), "\"stop\"  ", 8);
  pieces[EVENTS] = "0\r\n\r\n";
  piece_sizes[EVENTS] = 5;
}

static int answer(int fd, const char *body, size_t size) {
  static char whole[4096], kept[4096];
  static int whole_size;
  static const char stream[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  if (!whole_size) {
    whole_size = snprintf(whole, sizeof whole,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n%s", sizeof ANSWER - 1, ANSWER);
    memcpy(kept, whole, sizeof kept);
    memcpy(strstr(kept, "\"length\""), "\"stop\"  ", 8);
  }
  int keep = memmem(body, size, KEEP, sizeof KEEP - 1) != NULL;
  if (!memmem(body, size, "\"stream\":true", 13) && !memmem(body, size, "\"stream\": true", 14))
    return write_all(fd, keep ? kept : whole, whole_size);
  if (write_all(fd, stream, sizeof stream - 1)) return -1;
  for (int i = 0; i <= EVENTS; i++)
    if (write_all(fd, keep && i == EVENTS - 3 ? by_itself : pieces[i], piece_sizes[i])) return -1;
  return 0;
}

/* How many bytes of the buffer were answered; -1 for a connection that is to be closed. */
static long serve_requests(struct connection *c) {
  size_t done = 0;
  for (;;) {
    char *start = c->buffer + done;
    c->buffer[c->used] = 0;
    char *end = strstr(start, "\r\n\r\n");
    if (!end) return done;
    *end = 0;
    long length = header_number(start, "\r\ncontent-length:");
    *end = '\r';
    size_t head = end + 4 - start, body = length > 0 ? length : 0;
    if (done + head + body > c->used) return done;
    if (answer(c->fd, start + head, body)) return -1;
    done += head + body;
  }
}

static void close_connection(struct connection *c) {
  close(c->fd);
  free(c->buffer);
  free(c);
}

static void upstream(int port) {
  make_events();
  int door = socket(AF_INET, SOCK_STREAM, 0), one = 1, loop = epoll_create1(0);
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(door, (void *)&where, sizeof where) || listen(door, 1024)) die("bind");
  fcntl(door, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[256];
  epoll_ctl(loop, EPOLL_CTL_ADD, door, &event);
  for (;;) {
    int count = epoll_wait(loop, ready, 256, -1);
    for (int i = 0; i < count; i++) {
      struct connection *c = ready[i].data.ptr;
      if (!c) {
        int fd;
        while ((fd = accept(door, NULL, NULL)) >= 0) {
          at_once(fd);
          struct connection *fresh = calloc(1, sizeof *fresh);
          fresh->fd = fd;
          fresh->buffer = malloc(BUFFER + 1);
          event.events = EPOLLIN;
          event.data.ptr = fresh;
          epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      ssize_t got = recv(c->fd, c->buffer + c->used, BUFFER - c->used, 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        close_connection(c);
        continue;
      }
      c->used += got;
      long done = serve_requests(c);
      if (done < 0) {
        close_connection(c);
        continue;
      }
      memmove(c->buffer, c->buffer + done, c->used - done);
      c->used -= done;
    }
  }
}

/* ---- the load ---- */

static float *latencies, *firsts;
static long calls, errors, samples;
static char *request, *number;
static size_t request_size;
static struct sockaddr_in there;

static void connect_again(struct connection *c, int loop) {
  if (c->fd >= 0) close(c->fd);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (void *)&there, sizeof there)) die("connect");
  at_once(c->fd);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(struct connection *c) {
  c->used = c->head_read = c->chunked = c->first_seen = c->last_chunk = 0;
  c->left = -1;
  if (number) {
    char text[32];
    static unsigned long asked;
    if (!asked) asked = time(NULL) % 100000 * 100000;
    snprintf(text, sizeof text, "%010lu", ++asked % 10000000000UL);
    memcpy(number, text, sizeof NUMBER - 1);
  }
  c->began = now();
  write_all(c->fd, request, request_size);
}

/* 1 when the answer is whole, 0 when more is to come, -1 when it is wrong. */
static int read_answer(struct connection *c) {
  size_t at = 0;
  c->buffer[c->used] = 0;
  if (!c->head_read) {
    char *end = strstr(c->buffer, "\r\n\r\n");
    if (!end) return c->used < BUFFER ? 0 : -1;
    *end = 0;
    if (strncmp(c->buffer, "HTTP/1.1 200", 12)) return -1;
    c->chunked = strcasestr(c->buffer, "\r\ntransfer-encoding: chunked") != NULL;
    c->left = c->chunked ? -1 : header_number(c->buffer, "\r\ncontent-length:");
    if (!c->chunked && c->left < 0) return -1;
    c->head_read = 1;
    at = end + 4 - c->buffer;
  }
  if (!c->first_seen && c->used > at) {
    c->first_seen = 1;
    c->first = now();
  }
  while (!c->chunked || c->left >= 0) {
    size_t take = c->used - at;
    if ((long)take > c->left) take = c->left;
    at += take;
    c->left -= take;
    if (c->left) break;
    if (!c->chunked || c->last_chunk) return 1;
    c->left = -1;
    break;
  }
  while (c->chunked && c->left < 0) {
    char *line = c->buffer + at, *end = memmem(line, c->used - at, "\r\n", 2);
    if (!end) break;
    long size = strtol(line, NULL, 16);
    c->last_chunk = size == 0;
    c->left = size + 2; /* with the line's end after it */
    at = end + 2 - c->buffer;
    size_t take = c->used - at;
    if ((long)take > c->left) take = c->left;
    at += take;
    c->left -= take;
    if (c->left) break;
    if (c->last_chunk) return 1;
    c->left = -1;
  }
  memmove(c->buffer, c->buffer + at, c->used - at);
  c->used -= at;
  return 0;
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double at_share(const float *sorted, long count, double share) {
  long at = share * count;
  return count ? sorted[at < count ? at : count - 1] * 1e6 : 0;
}

static void load(int port, const char *file, int width, double seconds) {
  FILE *in = fopen(file, "rb");
  if (!in) die(file);
  request = malloc(BUFFER);
  request_size = fread(request, 1, BUFFER, in);
  number = memmem(request, request_size, NUMBER, sizeof NUMBER - 1);
  latencies = malloc(SAMPLES * sizeof *latencies);
  firsts = malloc(SAMPLES * sizeof *firsts);
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int loop = epoll_create1(0), going = width;
  static struct connection all[CONNECTIONS];
  double began = now(), end = began + seconds, patience = end + 10;
  for (int i = 0; i < width; i++) {
    all[i].fd = -1;
    all[i].buffer = malloc(BUFFER + 1);
    connect_again(&all[i], loop);
    ask(&all[i]);
  }
  struct epoll_event ready[CONNECTIONS];
  while (going && now() < patience) {
    int count = epoll_wait(loop, ready, CONNECTIONS, 200);
    for (int i = 0; i < count; i++) {
      struct connection *c = ready[i].data.ptr;
      ssize_t got = recv(c->fd, c->buffer + c->used, BUFFER - c->used, 0);
      if (got < 0 && errno == EAGAIN) continue;
      int state = got <= 0 ? -1 : 0;
      if (got > 0) {
        c->used += got;
        state = read_answer(c);
      }
      if (!state) continue;
      double then = now();
      if (state > 0) {
        if (samples < SAMPLES) {
          latencies[samples] = then - c->began;
          firsts[samples++] = c->first - c->began;
        }
        calls++;
      } else {
        errors++;
        if (errors == 1 && got > 0) fprintf(stderr, "%.300s\n", c->buffer);
        if (errors > 1000) exit(3);
      }
      if (then >= end) {
        close(c->fd);
        going--;
        continue;
      }
      if (state < 0) connect_again(c, loop);
      ask(c);
    }
  }
  double took = now() - began;
  qsort(latencies, samples, sizeof *latencies, ascending);
  qsort(firsts, samples, sizeof *firsts, ascending);
  printf("{\"calls\":%ld,\"errors\":%ld,\"hung\":%d,\"seconds\":%.6f,\"p50\":%.1f,\"p99\":%.1f,"
         "\"first_p50\":%.1f,\"first_p99\":%.1f}\n",
         calls, errors, going, took, at_share(latencies, samples, .5),
         at_share(latencies, samples, .99), at_share(firsts, samples, .5),
         at_share(firsts, samples, .99));
}

int main(int count, char **words) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  signal(SIGPIPE, SIG_IGN);
  if (count == 3 && !strcmp(words[1], "upstream")) upstream(atoi(words[2]));
  if (count == 6 && !strcmp(words[1], "load") && atoi(words[4]) <= CONNECTIONS) {
    load(atoi(words[2]), words[3], atoi(words[4]), atof(words[5]));
    return 0;
  }
  fprintf(stderr, "wire upstream PORT | wire load PORT REQUEST-FILE CONNECTIONS SECONDS\n");
  return 2;
}
