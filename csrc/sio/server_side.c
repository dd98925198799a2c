// SPDX-License-Identifier: MIT
/* serverSideEmit. Stands on ask and answer, which keep what arrives until no delivery runs.
 */
#include "sio/server_side.h"

#include "base/err.h"
#include "sio/answer.h"
#include "sio/chorus.h"
#include "sio/server_in.h"

static int check(const struct sio_nsp *n, const struct sio_outgoing *out)
{
    int err = sio_nsp_check(out);
    if (err == 0 && out->data.len < 3)
        err = SIO_EINVAL;
    return err == 0 && n->server->down ? SIO_ECLOSED : err;
}

int sio_server_side_emit(struct sio_nsp *n, const struct sio_outgoing *out)
{
    int err = check(n, out);
    if (err != 0)
        return err;
    struct sio_buf record = sio_server_scratch(n->server);
    sio_record_append_packet(&record,
                             &(struct sio_record){.type = SIO_RECORD_QUESTION,
                                                  .kind = SIO_ASK_SERVER_SIDE_EMIT,
                                                  .nsp = n->name},
                             &(struct sio_selection){0}, out);
    return sio_server_publish(n->server, &record, 0);
}

int sio_server_side_ask(struct sio_nsp *n, const struct sio_outgoing *out, sio_asked_fn fn,
                        void *arg)
{
    int err = check(n, out);
    if (err != 0)
        return err;
    return sio_ask(n, &(struct sio_selection){0},
                   &(struct sio_question){.kind = SIO_ASK_SERVER_SIDE_EMIT, .what = *out}, fn, arg);
}

int sio_server_side_answer(struct sio_server *s, struct sio_asker to,
                           const struct sio_outgoing *out)
{
    struct sio_buf voice = {0};
    int err = out != NULL ? sio_nsp_check(out) : 0;
    if (err != 0)
        return err;
    if (out != NULL)
        sio_voice_append(&voice, out->data, out->attachments, out->n_attachments);
    err = sio_answer_send(s, to, sio_buf_slice(&voice), SIO_ANSWER_LAST);
    sio_buf_fini(&voice);
    return err;
}
