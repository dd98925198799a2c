// SPDX-License-Identifier: MIT
/* Collected response fields. Stands on http_write; net/http_conn keeps one list per request that
 * has any.
 *
 * Each field is one allocation, name in front of value, so that a field never moves.
 */
#include "codec/http_fields.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/http_write.h"

/* What says where a message ends and which protocol follows is ours to write. */
static bool is_ours(struct sio_slice name)
{
    static const struct sio_slice names[] = {
        {"Content-Length", 14}, {"Transfer-Encoding", 17},
        {"Connection", 10},     {"Keep-Alive", 10},
        {"Upgrade", 7},         {"Trailer", 7},
    };
    static const struct sio_slice family = {"Sec-WebSocket-", 14};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sio_slice_eq_nocase(name, names[i]))
            return true;
    return name.len >= family.len && sio_slice_eq_nocase(sio_slice(name.p, family.len), family);
}

static struct sio_http_field field_copy(struct sio_slice name, struct sio_slice value)
{
    char *text = sio_alloc(name.len + value.len);
    memcpy(text, name.p, name.len);
    if (value.len != 0)
        memcpy(text + name.len, value.p, value.len);
    return (struct sio_http_field){sio_slice(text, name.len),
                                   sio_slice(text + name.len, value.len)};
}

bool sio_http_fields_allow(struct sio_slice name, struct sio_slice value)
{
    return sio_http_is_token(name) && sio_http_valid_value(value) && !is_ours(name);
}

int sio_http_fields_add(struct sio_http_fields **f, struct sio_slice name, struct sio_slice value)
{
    size_t n = *f != NULL ? (*f)->n : 0, bytes = *f != NULL ? (*f)->bytes : 0;
    if (!sio_http_fields_allow(name, value))
        return SIO_EINVAL;
    if (n == SIO_HTTP_ADDED_MAX || name.len > SIO_HTTP_ADDED_BYTES_MAX ||
        value.len > SIO_HTTP_ADDED_BYTES_MAX - name.len ||
        bytes > SIO_HTTP_ADDED_BYTES_MAX - name.len - value.len) {
        sio_log_limited(SIO_LOG_WARN, "http added fields",
                        "http: a field is left out: more than %d fields or %d bytes were added to "
                        "an answer",
                        (int)SIO_HTTP_ADDED_MAX, (int)SIO_HTTP_ADDED_BYTES_MAX);
        return SIO_EFULL;
    }
    if (*f == NULL)
        *f = sio_calloc(1, sizeof **f);
    (*f)->at[(*f)->n++] = field_copy(name, value);
    (*f)->bytes += name.len + value.len;
    return 0;
}

void sio_http_fields_free(struct sio_http_fields *f)
{
    for (size_t i = 0; f != NULL && i < f->n; i++)
        sio_free((void *)f->at[i].name.p);
    sio_free(f);
}

static bool is_list(struct sio_slice name)
{
    return sio_slice_eq_nocase(name, SIO_LIT("Set-Cookie")) ||
           sio_slice_eq_nocase(name, SIO_LIT("Vary"));
}

static bool overruled(struct sio_slice name, const struct sio_http_field *own, size_t n)
{
    for (size_t i = 0; i < n && !is_list(name); i++)
        if (sio_slice_eq_nocase(name, own[i].name))
            return true;
    return false;
}

struct sio_http_field *sio_http_fields_join(const struct sio_http_fields *added,
                                            const struct sio_http_field *own, size_t *n)
{
    size_t n_own = *n;
    struct sio_http_field *all = sio_alloc((n_own + added->n) * sizeof *all);
    for (size_t i = 0; i < n_own; i++)
        all[i] = own[i];
    for (size_t i = 0; i < added->n; i++)
        if (!overruled(added->at[i].name, own, n_own))
            all[(*n)++] = added->at[i];
    return all;
}
