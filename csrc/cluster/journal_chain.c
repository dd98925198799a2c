// SPDX-License-Identifier: MIT
/* Finding old records by what they are about, without reading all there are. Each record has a link
 * per topic to the one before it in that topic's chain, and last[] has the youngest of each chain;
 * topics that share one are told apart in the links. Stands on the journal's shared words; append
 * writes the chains, a recovery walks them back.
 *
 * Invariant: last[] leads to a whole record, committed or about to be. It is stored before the
 * tail, so whoever sees the tail sees the chains of all records before it. Who dies between leaves
 * an entry at the tail that is wrong for what comes there next; `chained` says from where on the
 * chains are right, and what they lead to before is not followed.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "cluster/layout.h"

/* ---- append ---------------------------------------------------------------------------------- */

void sio_journal_links(const struct sio_shm *shm, uint64_t pos, struct sio_journal_about about,
                       struct sio_journal_link links[SIO_JOURNAL_TOPICS_MAX])
{
    uint64_t chained = atomic_load_explicit(&shm->journal->chained, memory_order_relaxed);
    for (size_t i = 0; i < about.n; i++) {
        uint64_t before =
            atomic_load_explicit(sio_journal_last(shm, about.topics[i]), memory_order_relaxed);
        bool right = before >= chained && before < pos && pos - before <= shm->ring_bytes;
        links[i] = (struct sio_journal_link){.topic = about.topics[i],
                                             .back = right ? (uint32_t)((pos - before) / 16) : 0};
    }
}

void sio_journal_chain(const struct sio_shm *shm, uint64_t pos, struct sio_journal_about about)
{
    for (size_t i = 0; i < about.n; i++)
        atomic_store_explicit(sio_journal_last(shm, about.topics[i]), pos, memory_order_release);
}

/* ---- find ------------------------------------------------------------------------------------ */

struct walk {
    const struct sio_shm *shm;
    uint64_t from, until;
    struct sio_buf *found;
    size_t n;
};

/* The links of the record at `pos`; how many, or an error. */
static int read_links(const struct sio_shm *shm, uint64_t pos,
                      struct sio_journal_link links[SIO_JOURNAL_TOPICS_MAX])
{
    struct sio_journal_head head;
    const char *at = shm->ring + (pos & (shm->ring_bytes - 1));
    memcpy(&head, at, sizeof head);
    uint32_t n = head.n_links < SIO_JOURNAL_TOPICS_MAX ? head.n_links : SIO_JOURNAL_TOPICS_MAX;
    memcpy(links, at + sizeof head, n * sizeof links[0]);
    if (sio_journal_overtaken(shm, pos))
        return SIO_ELAPPED;
    return head.pos == pos && head.n_links == n ? (int)n : SIO_EAGAIN;
}

/* One that is not committed yet only leads on. */
static int take(struct walk *w, uint64_t pos)
{
    if (pos >= w->until)
        return 0;
    if (w->n == SIO_JOURNAL_FOUND_MAX) {
        sio_log_limited(SIO_LOG_WARN, "journal-found",
                        "journal: a session may have missed more than %d records, so all are read",
                        SIO_JOURNAL_FOUND_MAX);
        return SIO_EFULL;
    }
    sio_buf_append(w->found, &pos, sizeof pos);
    w->n++;
    return 0;
}

/* Walks the chain of one topic back to `from`. */
static int walk_back(struct walk *w, uint32_t topic)
{
    const _Atomic uint64_t *last = sio_journal_last(w->shm, topic);
    uint64_t pos = atomic_load_explicit(last, memory_order_acquire);
    uint32_t back = 1;
    for (; back != 0 && pos >= w->from; pos -= UINT64_C(16) * back) {
        struct sio_journal_link links[SIO_JOURNAL_TOPICS_MAX];
        int n = read_links(w->shm, pos, links), rc = 0;
        bool about = false;
        back = 0;
        for (int i = 0; i < n; i++) {
            about = about || links[i].topic == topic;
            if (sio_journal_last(w->shm, links[i].topic) == last)
                back = links[i].back;
        }
        if (n < 0 || (about && (rc = take(w, pos)) != 0))
            return n < 0 ? n : rc;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* A record of several topics was found in several chains. */
static size_t without_doubles(uint64_t *list, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    return kept;
}

static bool is_chained(const struct sio_shm *shm, uint64_t from)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&shm->journal->chained, memory_order_relaxed) <= from;
}

int sio_journal_find(const struct sio_journal *j, uint64_t from, uint64_t until,
                     struct sio_journal_about about, struct sio_buf *into)
{
    struct walk w = {.shm = j->shm, .from = from, .until = until, .found = into};
    sio_buf_clear(into);
    int rc = is_chained(j->shm, from) ? 0 : SIO_EAGAIN;
    for (size_t i = 0; i < about.n && rc == 0; i++)
        rc = walk_back(&w, about.topics[i]);
    if (rc == 0 && !is_chained(j->shm, from))
        rc = SIO_EAGAIN;
    if (rc != 0 || w.n == 0)
        return rc;
    uint64_t *list = (uint64_t *)(void *)into->p;
    qsort(list, w.n, sizeof *list, compare);
    into->len = without_doubles(list, w.n) * sizeof *list;
    return 0;
}
