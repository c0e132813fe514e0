/* The floor of the feed: frames parsed and applied in C, called once a message from Python over a bare asyncio
   transport. The book is an array over ticks. It trusts its input: a measure, not a program. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TICKS (1 << 24) /* prices up to 167,772.16 */
static int64_t *side_of[2];
static int64_t best_bid = -1, best_ask = TICKS;

static int64_t number(const char **at, int decimals) {
  int64_t value = 0;
  const char *c = *at;
  while (*c != '.' && *c != '"') value = value * 10 + *c++ - '0';
  if (*c == '.') c++;
  for (int i = 0; i < decimals; i++) value = value * 10 + (*c != '"' ? *c++ - '0' : 0);
  while (*c != '"') c++;
  *at = c;
  return value;
}

static void levels(const char **at, int side) { /* at: after "b":[ or "a":[ */
  const char *c = *at;
  int64_t *lots = side_of[side];
  while (*c == '[' || *c == ',') {
    while (*c != '"') c++;
    c++;
    int64_t tick = number(&c, 2);
    c += 3;
    int64_t size = number(&c, 5);
    c += 2;
    lots[tick] = size;
    if (side == 0) {
      if (size && tick > best_bid) best_bid = tick;
      else if (!size && tick == best_bid) while (best_bid >= 0 && !lots[best_bid]) best_bid--;
    } else {
      if (size && tick < best_ask) best_ask = tick;
      else if (!size && tick == best_ask) while (best_ask < TICKS && !lots[best_ask]) best_ask++;
    }
  }
  *at = c;
}

static void book(const char *text, const char *bids, const char *asks) {
  const char *c = strstr(text, bids) + strlen(bids);
  levels(&c, 0);
  c = strstr(c, asks) + strlen(asks);
  levels(&c, 1);
}

/* Take the snapshot; once. */
void load(const char *snapshot) {
  side_of[0] = calloc(TICKS, sizeof(int64_t));
  side_of[1] = calloc(TICKS, sizeof(int64_t));
  book(snapshot, "\"bids\":[", "\"asks\":[");
}

/* Apply the frame at `offset`; returns where the next one begins, or -1 if it isn't all there.
   best: bid, its size, ask, its size, in ticks and lots, and the update id. */
int64_t take(const char *data, int64_t length, int64_t offset, int64_t *best) {
  const uint8_t *at = (const uint8_t *)data + offset;
  int64_t left = length - offset, size, head = 2;
  if (left < 4) return -1;
  size = at[1] & 0x7f;
  if (size == 126) {
    size = (at[2] << 8) | at[3];
    head = 4;
  }
  if (left < head + size) return -1;
  const char *id = memmem(at + head, size, "\"u\":", 4) + 4;
  best[4] = atoll(id);
  book(id, "\"b\":[", "\"a\":[");
  best[0] = best_bid;
  best[1] = side_of[0][best_bid];
  best[2] = best_ask;
  best[3] = side_of[1][best_ask];
  return offset + head + size;
}
