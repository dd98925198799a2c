// SPDX-License-Identifier: MIT
/* The journal of csrc/cluster/journal.c and journal_wake.c, for spin: append, wake, sleep, death.
 *
 * Writers append under a lock and wake who sleeps; any of them may be killed at any statement, as
 * the kernel then frees the lock and the supervisor rings every bell. Readers copy records, check
 * that they were not overtaken, and sleep when there is nothing more. What holds in every
 * interleaving: no reader accepts a torn record, all accept the same ones in the same order, and
 * when nothing moves any more every reader has read to the tail.
 *
 * With ROLLS records are for a room that readers join, each when something else wakes it; a writer
 * wakes nobody whose roll has not got it. Then nobody who has joined sleeps through a record, and
 * none from before the joining is read after it; who has not joined may stay behind.
 *
 * Memory is sequentially consistent here. What the fences are for is shown by leaving them out:
 * NO_FENCE lets the load of the sleepers go before the store of the tail, NO_HORIZON lets the data
 * be written before the horizon is. NO_RING is a supervisor that forgets the bells, NO_RECHECK a
 * reader that sleeps without another look at the tail, NO_CATCH_UP one that joins where it is. Each
 * of them must fail. tools/model.sh runs them.
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef RECORDS
#define RECORDS 1 /* of each writer */
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef SLOTS
#define SLOTS 8 /* records in the ring; fewer than there are: readers can be lapped */
#endif
#define ALL (WRITERS * RECORDS)
#define BIT(r) (1 << (r))

/* The shared memory. A record is its position and two halves, written one after another. */
byte waits; /* readers with the room on their roll */
byte lock; /* 0: free, else its owner + 1 */
byte tail, horizon, sleepers;
byte pos[SLOTS], left[SLOTS], right[SLOTS];
bool bell[READERS];

/* What the claims are about. */
byte order[ALL]; /* what was committed where */
byte cursor[READERS];
bool killed[WRITERS], gone[WRITERS];

#ifdef ROLLS
#define CALLED (sleepers & waits)
#define WAITS(r) (waits & BIT(r))
#else
#define CALLED sleepers
#define WAITS(r) true
#endif

inline raise_horizon()
{
    if
    :: horizon < at + 1 -> horizon = at + 1
    :: else
    fi
}

inline append()
{
    atomic { lock == 0 -> lock = me + 1 }
    at = tail;
#ifndef NO_HORIZON
    raise_horizon();
#endif
    pos[at % SLOTS] = at;
    left[at % SLOTS] = value;
    right[at % SLOTS] = value;
#ifdef NO_HORIZON
    raise_horizon();
#endif
#ifdef NO_FENCE
    due = CALLED;
#endif
    d_step { tail = at + 1; order[at] = value }
    lock = 0
}

inline wake()
{
#ifndef NO_FENCE
    due = CALLED;
#endif
    if
    :: due != 0 ->
        d_step { due = due & sleepers; sleepers = sleepers & ~due }
        r = 0;
        do
        :: r < READERS && (due & BIT(r)) -> bell[r] = true; r++
        :: r < READERS && !(due & BIT(r)) -> r++
        :: r == READERS -> break
        od
    :: else
    fi
}

proctype writer(byte me)
{
    byte at, due, n, r, value;
    {
        do
        :: n < RECORDS ->
            n++;
            value = me * 16 + n;
            append();
            wake()
        :: n == RECORDS -> break
        od
    } unless { killed[me] }
    gone[me] = true
}

/* The kernel and the supervisor, after a death. */
proctype death(byte who)
{
    byte r;
    if
    :: true -> goto end_lives
    :: killed[who] = true
    fi;
    gone[who];
    d_step {
        if
        :: lock == who + 1 -> lock = 0
        :: else
        fi
    }
#ifndef NO_RING
    do
    :: r < READERS -> bell[r] = true; r++
    :: r == READERS -> break
    od;
#endif
end_lives:
    skip
}

/* First it reads what is there; NO_CATCH_UP: it does not. */
inline join()
{
    since = tail;
#ifdef NO_CATCH_UP
    waits = waits | BIT(me)
#else
    joining = true
#endif
}

proctype reader(byte me)
{
    byte p, x, y, at, since;
    bool joining;
drain:
    do
    :: tail != cursor[me] ->
        at = cursor[me] % SLOTS;
        p = pos[at];
        x = left[at];
        y = right[at];
        if
        :: horizon - cursor[me] > SLOTS -> cursor[me] = tail /* lapped, and it knows */
        :: else ->
            assert(p == cursor[me]);
            assert(cursor[me] >= since || joining);
            assert(x == y);
            assert(x == order[cursor[me]]);
            cursor[me]++
        fi
    :: tail == cursor[me] -> break
    od;
#ifdef ROLLS
    if
    :: joining ->
        joining = false;
        waits = waits | BIT(me)
    :: else
    fi;
#endif
    sleepers = sleepers | BIT(me);
#ifdef NO_RECHECK
    goto end_asleep;
#endif
    if
    :: tail != cursor[me] -> sleepers = sleepers & ~BIT(me); goto drain
    :: tail == cursor[me]
    fi;
end_asleep:
    if
    :: bell[me] -> bell[me] = false
#ifdef ROLLS
    :: !WAITS(me) -> join()
#endif
    fi;
    sleepers = sleepers & ~BIT(me);
    goto drain
}

/* Nothing moves any more. */
proctype standstill()
{
    byte r;
    timeout ->
    do
    :: r < READERS -> assert(cursor[r] == tail || !WAITS(r)); r++
    :: r == READERS -> break
    od
}

init {
    byte i;
    atomic {
        do
        :: i < WRITERS -> run writer(i); run death(i); i++
        :: i == WRITERS -> break
        od;
        i = 0;
        do
        :: i < READERS -> run reader(i); i++
        :: i == READERS -> break
        od;
        run standstill()
    }
}
