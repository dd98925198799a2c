// SPDX-License-Identifier: MIT
/* Intrusive circular doubly linked list. The head is a struct sio_list too.
 *
 * Owns: nothing. An unlinked node points to itself, so sio_list_remove is idempotent.
 */
#ifndef SIO_BASE_LIST_H
#define SIO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sio_list {
    struct sio_list *next, *prev;
};

#define SIO_CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void sio_list_init(struct sio_list *l)
{
    l->next = l->prev = l;
}

static inline bool sio_list_empty(const struct sio_list *l)
{
    return l->next == l;
}

/* Before `head`, that is at the end of the list. `node` must be unlinked. */
static inline void sio_list_append(struct sio_list *head, struct sio_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void sio_list_remove(struct sio_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    sio_list_init(node);
}

/* First node, or NULL. */
static inline struct sio_list *sio_list_first(const struct sio_list *head)
{
    return head->next == head ? NULL : head->next;
}

/* Moves all nodes of `from` to the (empty) list `to`: a snapshot to iterate over. */
static inline void sio_list_take(struct sio_list *from, struct sio_list *to)
{
    sio_list_init(to);
    if (sio_list_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    sio_list_init(from);
}

/* Safe against removal of the current node, not of the next one. */
#define SIO_LIST_EACH(node, head)                                                                  \
    for (struct sio_list *node = (head)->next, *node##_next = node->next; node != (head);          \
         node = node##_next, node##_next = node->next)

#endif
