// SPDX-License-Identifier: MIT
/* Parents, their children, and the end of a child. Stands on nsp; called by bind, lookup, server
 * (deliver) and socket (enter, leave).
 *
 * Invariant: a child with uses == 0 that is not open is in server->idle, whose task runs at the end
 * of this tick; nothing of an earlier tick points to it then.
 */
#include "sio/parent.h"

#include "base/log.h"
#include "base/mem.h"
#include "sio/server_in.h"

static struct sio_nsp *child_of(const struct sio_list *sibling)
{
    return SIO_CONTAINER_OF(sibling, struct sio_nsp, sibling);
}

struct sio_nsp *sio_parent_new(struct sio_server *s)
{
    char name[16];
    if (s->parents.count >= SIO_PARENTS_MAX) {
        sio_log_limited(SIO_LOG_WARN, "parents", "there are %d parent namespaces: no more",
                        SIO_PARENTS_MAX);
        return NULL;
    }
    int len = snprintf(name, sizeof name, "_%zu", s->parents.count);
    struct sio_nsp *n = sio_nsp_new(s, &s->parents, sio_slice(name, (size_t)len));
    n->parent = n;
    return n;
}

struct sio_nsp *sio_parent_of(const struct sio_nsp *n)
{
    return n->parent != n ? n->parent : NULL;
}

bool sio_parent_is(const struct sio_nsp *n)
{
    return n->parent == n;
}

/* Whoever looks for many does so child by child, in order: the list is turned, so that the next
 * search begins where this one has ended. */
struct sio_socket *sio_parent_find(struct sio_nsp *parent, struct sio_slice id)
{
    SIO_LIST_EACH (node, &parent->children) {
        struct sio_socket *s = sio_nsp_by_id(child_of(node), id);
        if (s == NULL)
            continue;
        sio_list_remove(&parent->children);
        sio_list_append(node, &parent->children);
        return s;
    }
    return NULL;
}

static void let_go(struct sio_nsp *child)
{
    struct sio_server *s = child->server;
    sio_list_remove(&child->idle);
    sio_list_append(&s->idle, &child->idle);
    sio_loop_defer(s->loop, &s->idle_task);
}

struct sio_nsp *sio_parent_child(struct sio_nsp *parent, struct sio_slice name)
{
    struct sio_server *s = parent->server;
    struct sio_nsp *n = sio_server_find_nsp(s, name);
    if (n != NULL || (n = sio_server_nsp(s, name)) == NULL)
        return n;
    n->parent = parent;
    n->open = false;
    n->next_ack = parent->next_ack;
    sio_list_append(&parent->children, &n->sibling);
    let_go(n);
    return n;
}

void sio_parent_open(struct sio_nsp *child)
{
    child->open = true;
}

void sio_parent_each(const struct sio_nsp *parent, void (*fn)(void *ctx, struct sio_nsp *child),
                     void *ctx)
{
    SIO_LIST_EACH (node, &parent->children)
        fn(ctx, child_of(node));
}

void sio_parent_use(struct sio_nsp *n)
{
    n->uses++;
}

void sio_parent_unuse(struct sio_nsp *n)
{
    n->uses--;
    sio_parent_check(n);
}

void sio_parent_check(struct sio_nsp *n)
{
    if (n->uses > 0 || sio_parent_of(n) == NULL || n->server->options.keep_children)
        return;
    n->open = false;
    let_go(n);
}

static void nsp_free(void *object)
{
    sio_nsp_free(object);
}

/* A client that was told of an id may still answer it when the namespace is there again. */
static void end(struct sio_nsp *child)
{
    struct sio_server *s = child->server;
    if (child->next_ack > child->parent->next_ack)
        child->parent->next_ack = child->next_ack;
    sio_map_del(&s->nsps, child->name);
    sio_list_remove(&child->sibling);
    if (s->events->on_nsp_gone != NULL)
        s->events->on_nsp_gone(s->owner, child);
    sio_server_bury(s, nsp_free, child);
}

static void on_idle(void *ctx)
{
    struct sio_server *s = ctx;
    struct sio_list *node;
    while ((node = sio_list_first(&s->idle)) != NULL) {
        struct sio_nsp *child = SIO_CONTAINER_OF(node, struct sio_nsp, idle);
        sio_list_remove(node);
        if (child->uses == 0 && !child->open)
            end(child);
    }
}

void sio_parent_init(struct sio_server *s)
{
    sio_list_init(&s->idle);
    sio_task_init(&s->idle_task, on_idle, s);
}

void sio_parent_fini(struct sio_server *s)
{
    struct sio_nsp *n;
    sio_task_cancel(&s->idle_task);
    for (size_t pos = 0; (n = sio_map_next(&s->parents, &pos)) != NULL;)
        sio_nsp_free(n);
    sio_map_fini(&s->parents);
}
