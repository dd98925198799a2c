// SPDX-License-Identifier: MIT
/* base/list: order, idempotent removal, snapshots. */
#include "base/list.h"

#include "test.h"

struct item {
    int value;
    struct sio_list link;
};

static int digits(const struct sio_list *head) /* 1,2,3 as 123 */
{
    int sum = 0;
    SIO_LIST_EACH (node, head)
        sum = sum * 10 + SIO_CONTAINER_OF(node, struct item, link)->value;
    return sum;
}

TEST(append_and_remove)
{
    struct sio_list head;
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    sio_list_init(&head);
    CHECK(sio_list_empty(&head));
    CHECK(sio_list_first(&head) == NULL);
    for (int i = 0; i < 3; i++)
        sio_list_append(&head, &items[i].link);
    CHECK_EQ_INT(digits(&head), 123);
    sio_list_remove(&items[1].link);
    sio_list_remove(&items[1].link);
    CHECK_EQ_INT(digits(&head), 13);
    CHECK(sio_list_first(&head) == &items[0].link);
}

TEST(removal_while_iterating)
{
    struct sio_list head;
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    sio_list_init(&head);
    for (int i = 0; i < 3; i++)
        sio_list_append(&head, &items[i].link);
    SIO_LIST_EACH (node, &head)
        sio_list_remove(node);
    CHECK(sio_list_empty(&head));
}

TEST(take_makes_a_snapshot)
{
    struct sio_list from, to;
    struct item items[2] = {{.value = 1}, {.value = 2}};
    sio_list_init(&from);
    sio_list_take(&from, &to);
    CHECK(sio_list_empty(&to));
    sio_list_append(&from, &items[0].link);
    sio_list_append(&from, &items[1].link);
    sio_list_take(&from, &to);
    CHECK(sio_list_empty(&from));
    CHECK_EQ_INT(digits(&to), 12);
}
