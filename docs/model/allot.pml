/* allot.pml - the protocol of docs/protocol.md, for Spin. README.md beside it says what is modelled, what is left out,
 * and how to run it.
 *
 * The store is a set of atomic transitions. Each replica ("node") is a few processes, which have no state of their own:
 * they are there so that fairness can be asked of each. A comment in front of a transition names the functions that it
 * models, once each with its file.
 *
 * Time. A tick is half a ttl, and may come at any moment: any number of steps lie between two. It takes one from every
 * lease of the store (`lease`), from every local deadline (`left`) and from the quarantine, and adds one to the age of
 * each beat under way. A beat that is executed gives the slot TTL ticks; a beat that is answered gives the node TTL
 * ticks less the beat's age, for its deadline counts from before the request (deadline_of). So a node's deadline never
 * passes after its lease, and nothing else says so; and the lease of a slot that does not beat ends after half a ttl to
 * one, at any moment of what others do. There is no margin: with one, deadlines pass only earlier.
 *
 * Requests. Whatever is under way may be executed much later, or be executed and its answer be lost. What is sent again
 * under its sequence is executed once, because the store remembers the outcome; so an answer that was lost is one that
 * takes long. What a node has given up (its slot is over) may be executed all the same: `late`. */

/* ---- Bounds ------------------------------------------------------------------------------------------------------ */

#ifndef NODES
#define NODES 2 /* replicas, each of which may lead */
#endif
#ifndef SLOTS
#define SLOTS 3 /* joins in all, 2 to 4 */
#endif
#ifndef IDS
#define IDS 1 /* each in a segment of its own */
#endif
#ifndef TERMS
#define TERMS 2 /* leaderships in one life */
#endif
#ifndef TOKENS
#define TOKENS 3 /* grants in one life */
#endif
#ifndef LIVES
#define LIVES 1 /* more: the store loses its data, so many times less one */
#endif
#ifndef FLIGHTS
#define FLIGHTS 2 /* requests of nodes under way at once */
#endif
#ifndef CRASHES
#define CRASHES 0 /* a node dies, or leaves, and begins anew */
#endif
#ifndef ADDS
#define ADDS 0 /* id 0 is added again, having left the pool */
#endif
#ifndef CLEANS
#define CLEANS 0
#endif
#ifndef LATES
#define LATES 1 /* 0: what a node has given up never comes */
#endif
#ifndef STALLS
#define STALLS 1 /* I6: ticks that pass somebody's deadline */
#endif
/* Parts that are there (1) or not (0). */
#ifndef ACKS
#define ACKS 1
#endif
#ifndef FAILS
#define FAILS 0 /* fail, park, unpark */
#endif
#ifndef YIELDS
#define YIELDS 0 /* resign, retire */
#endif
#ifndef PLANS
#define PLANS 0 /* recall, publish; without them a slot releases whenever it likes to, which it may in any case */
#endif

#define TTL 2 /* ticks */
#define NUMBERS 10 /* terms or tokens of a life, at most: the clock, in microseconds, is ahead of all it has issued */

/* ---- Faults that are planted (FAULT), each of which some property must refute ------------------------------------ */

#define NOTHING 0
#define ACK_UNCHECKED 1      /* an ack is taken from anybody, with any token */
#define GRANT_BEFORE_RELEASE 2
#define REAP_LIVE 3          /* reap believes what the leader read, and does not look itself */
#define NO_QUARANTINE 4
#define DEADLINE_FROM_REPLY 5
#define DEADLINE_IGNORED 6
#define BEAT_UNCHECKED 7     /* a beat is good for a slot that is over */
#define NO_FLOOR 8           /* numbers begin anew in a new life */
#define SAME_TOKEN 9         /* the same slot gets its id back under the token of old */
#define NO_MEMORY 10         /* what is sent again is done again */
#define CAMPAIGN_UNCHECKED 11
#define TWO_PLACES 12        /* a grant leaves the id in the inbox */
#define RELEASE_LOSES 13
#define ANSWERS_OVERTAKE 14  /* a read is answered after a report that was sent later */
#define NO_REAP 15
#define NOT_ADOPTED 16       /* a campaign whose answer was lost is forgotten, and no beat makes up for it */
#define RECALL_UNHEARD 17
#define WON_LATE 18          /* a leadership that was given up is taken up again by a late answer to its campaign */
/* No faults of the protocol, but of the world, or of what is asked: so far, and no further, go the promises. */
#define CLOCK_AHEAD 19       /* the store's clock runs ahead by more than the margin */
#define QUARANTINE_AUTO 20   /* the data is lost, and not `quarantine: always` */
#define CLEAN_COUNTS 21      /* what a slot held before a clean of which it has not heard counts as held */
#ifndef FAULT
#define FAULT NOTHING
#endif

/* ---- Properties -------------------------------------------------------------------------------------------------- */

/* 0 (or 1, with ONLY: not asked for). The name is there for pan, which prints what was violated. */
hidden byte I1, I2, I3, I4, I7;
#define PROMISE(name, condition) assert(name || (condition))

/* I6 is asked of a world in which faults stop (`calm`), and in which what is due is done and nothing else. */
#ifdef LIVENESS
bit calm;
byte stalls;
#else
#define calm false
#endif

/* How often something happened, in all of the search; no part of the state. */
#define SEEN(what) c_code { seen[what]++; }
c_decl {
    enum { GAINED, MOVED, SECOND_TERM, RELEASED, REAPED, REFUSED, ACKED, ADOPTED, ADDED_TWICE, CLEANED, UNPARKED,
           YIELDED, NEW_LIFE_LED, QUARANTINED, FENCED, CALM, SEEN_END };
    static const char *const seen_names[] = {"gained", "gained after another slot", "second term", "released", "reaped",
        "late report refused", "acked", "leadership adopted", "add without effect", "cleaned", "unparked", "yielded",
        "led in a new life", "quarantined", "fenced by deadline", "calm"};
    static unsigned long seen[SEEN_END];
    static void show_seen(void)
    {
        int i;
        for (i = 0; i < SEEN_END; i++)
            if (seen[i])
                printf("seen %s: %lu\n", seen_names[i], seen[i]);
    }
}

/* ---- The store --------------------------------------------------------------------------------------------------- */

#define NOBODY 0

/* Slots are numbered in the order of joining, from 1. GONE: its name is never taken again. */
mtype = { GONE, DEAD, LEFT, RETIRED, LIVE };
byte slots;
mtype state[SLOTS + 1];
byte lease[SLOTS + 1];

byte life, lives; /* 0: the store is empty; lives: so far */
byte young;       /* until the life is one ttl old */
bit quarantined;
byte leader, term, token;
bit published;    /* by this leadership */

/* Where an id is, a bit for each place, so that it could be in two. */
#define INBOX 1
#define PARKED 2
#define SHARE(s) (2 << (s))
byte where[IDS];
#define IN_SHARE(i, s) (where[i] == SHARE(s))
byte token_of[IDS];
bit recalled[IDS];

/* What the world knows of the store, and the store does not. */
byte last_term, last_token;
byte owed[IDS];  /* adds that were confirmed and not acked yet */
byte cleaned;    /* the highest token before the last clean */

#define VALID(s) (state[s] == LIVE && lease[s] > 0) /* store_slot_is_valid */
#define LED (leader != NOBODY && VALID(leader))     /* store_leading */

/* Rule 2: larger than all that was issued before, also in an earlier life. store_next_number */
#if FAULT == NO_FLOOR
#define FLOOR 0
#else
#define FLOOR ((life - 1) * NUMBERS)
#endif
#define NEXT(number) ((number) + 1 > FLOOR + 1 -> (number) + 1 : FLOOR + 1)

/* I2: one place; and what was added is in the pool until it is acked or cleaned. */
#define CHECK_PLACE(i) PROMISE(I2, (where[i] & (where[i] - 1)) == 0 && (owed[i] == 0 || where[i] != 0))

/* store_life_begin (backends/store/life.c) */
inline begin_life()
{
    lives++;
    life = lives;
    young = TTL;
    quarantined = 0;
}

/* store_quarantine_raise (life.c): until the life is one ttl old */
inline raise_quarantine()
{
#if FAULT != NO_QUARANTINE
    quarantined = (young > 0);
#endif
    skip
}

/* store_leadership_free (leadership.c) */
inline free_leadership(s)
{
    if
    :: leader == s -> leader = NOBODY
    :: else
    fi
}

/* store_campaign (leadership.c). Also one that was won before and is asked for again: still_true (sessions.c) */
#if FAULT == CAMPAIGN_UNCHECKED
#define WINS(s) (VALID(s) && !quarantined)
#else
#define WINS(s) (VALID(s) && !quarantined && (leader == s || !LED))
#endif
inline campaign(s)
{
    if
    :: leader != s ->
        term = NEXT(term);
        leader = s;
        published = 0;
        PROMISE(I1, term > last_term);
        PROMISE(I7, term > last_term);
        if
        :: last_term != 0 -> SEEN(SECOND_TERM)
        :: else
        fi;
        last_term = term;
        if
        :: life > 1 -> SEEN(NEW_LIFE_LED)
        :: else
        fi
    :: else
    fi
}
#define HAS_TERMS(s) (leader == s || term < FLOOR + (calm -> NUMBERS - 1 : TERMS))
#define HAS_TOKENS (token < FLOOR + (calm -> NUMBERS - 1 : TOKENS))

/* store_assign, apply_grant, store_grant (grants.c) */
#if FAULT == GRANT_BEFORE_RELEASE
#define GRANTABLE(i, s) (where[i] > PARKED && where[i] != SHARE(s) || where[i] == INBOX)
#else
#define GRANTABLE(i, s) ((where[i] & INBOX) != 0)
#endif
inline assign(i, s)
{
#if FAULT == SAME_TOKEN
    if
    :: token == 0 -> token = NEXT(token)
    :: else
    fi;
#else
    token = NEXT(token);
#endif
    PROMISE(I7, token > last_token);
    last_token = token;
    token_of[i] = token;
    recalled[i] = 0;
#if FAULT == TWO_PLACES
    where[i] = where[i] | SHARE(s);
#else
    where[i] = SHARE(s);
#endif
    CHECK_PLACE(i)
}

/* store_release (items.c), move_to_inbox (reap.c), move_to_segment (parked.c): tokens and recalls do not outlive it */
inline to_inbox(i)
{
    where[i] = INBOX;
    token_of[i] = 0;
    recalled[i] = 0;
    CHECK_PLACE(i)
}

/* store_reap (reap.c): dead for good first, then one id in a step; any later leader may go on with it. */
#if FAULT == REAP_LIVE
#define REAPABLE(s) (state[s] != 0 && state[s] != GONE)
#elif FAULT == NO_REAP
#define REAPABLE(s) false
#else
#define REAPABLE(s) (state[s] == LEFT || state[s] == DEAD || \
                     ((state[s] == LIVE || state[s] == RETIRED) && lease[s] == 0)) /* store_slot_is_reapable */
#endif
inline reap(s)
{
    state[s] = DEAD;
    free_leadership(s);
    if
    :: IN_SHARE(0, s) -> to_inbox(0); SEEN(REAPED)
    :: !IN_SHARE(0, s) && IN_SHARE(IDS - 1, s) -> to_inbox(IDS - 1); SEEN(REAPED)
    :: else
    fi;
    if
    :: !IN_SHARE(0, s) && !IN_SHARE(IDS - 1, s) ->
        state[s] = GONE;
        lease[s] = 0
    :: else
    fi
}

/* What an owner reports: store_release, store_ack, store_fail_items (items.c). */
#define ACK 1
#define RELEASE 2
#define FAIL 3
/* The outcome that its session remembers; OVER: the slot is gone or dead. */
#define UNDECIDED 0
#define ACCEPTED 1
#define ITEM_REFUSED 2
#define OVER 3
#define IS_OWNER(s, i, t) (where[i] == SHARE(s) && token_of[i] == t) /* segment_of (items.c) */
#if FAULT == ACK_UNCHECKED
#define PROVES(kind, s, i, t) (kind == ACK && where[i] != 0 || IS_OWNER(s, i, t))
#define SPEAKS(kind, s) (kind == ACK || state[s] != DEAD && state[s] != GONE)
#else
#define PROVES(kind, s, i, t) IS_OWNER(s, i, t)
#define SPEAKS(kind, s) (state[s] != DEAD && state[s] != GONE) /* owner (apply.c), store_session_decides */
#endif
inline report(kind, s, i, t, ret_outcome)
{
    if
    :: !SPEAKS(kind, s) -> ret_outcome = OVER
    :: SPEAKS(kind, s) && !PROVES(kind, s, i, t) -> ret_outcome = ITEM_REFUSED
    :: SPEAKS(kind, s) && PROVES(kind, s, i, t) ->
        ret_outcome = ACCEPTED;
        if
        :: kind == ACK ->
            PROMISE(I4, IS_OWNER(s, i, t) && state[s] != DEAD && state[s] != GONE);
            PROMISE(I4, owed[i] > 0);
            SEEN(ACKED);
            owed[i]--;
            where[i] = 0;
            token_of[i] = 0;
            recalled[i] = 0
        :: kind == RELEASE ->
#if FAULT == RELEASE_LOSES
            where[i] = 0;
            CHECK_PLACE(i)
#else
            SEEN(RELEASED);
            to_inbox(i)
#endif
        :: kind == FAIL ->
            where[i] = PARKED;
            token_of[i] = 0;
            recalled[i] = 0;
            CHECK_PLACE(i)
        fi
    fi
}

/* ---- The nodes --------------------------------------------------------------------------------------------------- */

/* OUT: between two slots (MEMBER_JOINING); SETTLED: MEMBER_LIVE, from the first beat that was answered on. */
mtype = { OUT, JOINED, SETTLED };
mtype is[NODES];
byte slot[NODES];
byte left[NODES];       /* of the local deadline */
byte knows[NODES];      /* floors.life */
byte lead_term[NODES];  /* 0: it does not believe to lead */
byte held[NODES * IDS]; /* the token under which the application was told an id; 0: it was not */
bit told_recall[NODES * IDS];

/* The control lane: one beat, one campaign. */
mtype = { IDLE, SENT, ANSWERED };
mtype beat[NODES];
byte age[NODES];        /* of the beat under way, in ticks since before it was sent */
bit beat_ok[NODES];
byte beat_term[NODES];  /* its answer: the term, if this slot leads; 0 */
byte beat_life[NODES];
mtype trying[NODES];    /* a campaign */
byte tried_term[NODES]; /* its answer */
bit may_campaign[NODES]; /* I6: nobody was leading when it last asked */

/* The bulk lane: one read of the share, one report. */
bit reads[NODES];
byte read_token[NODES * IDS];
bit read_recall[NODES * IDS];
byte what[NODES];       /* ACK, RELEASE, FAIL; 0: no report under way */
byte about[NODES];      /* the id */
byte under[NODES];      /* the token */
byte outcome[NODES];

/* Having yielded: the term given up, and how. */
#define RESIGNS 1
#define RETIRES 2
byte gave_up[NODES], gives_up[NODES];

/* A report that its node has given up, and that may be executed yet. */
byte late_what, late_slot, late_about, late_under;

byte crashes, adds, cleans;
bit adding, add_known, add_late;

hidden byte k, j, judged;

#define AT(n, i) ((n) * IDS + (i))
#define BUSY(n, i) (what[n] != 0 && about[n] == (i) && under[n] == held[AT(n, i)])
/* The application of node n works on id i: it was told, and has not given it out of its hands by a report. A node past
 * its deadline has nothing: fence. What was held before a clean is another matter: CLEAN_COUNTS. */
#if FAULT == CLEAN_COUNTS
#define WORKS(n, i) (held[AT(n, i)] != 0 && !BUSY(n, i))
#else
#define WORKS(n, i) (held[AT(n, i)] > cleaned && !BUSY(n, i))
#endif
#if NODES == 2
#define OTHERS_WORK(n, i) WORKS(1 - (n), i)
#define OTHERS_LEAD(n) (lead_term[1 - (n)] != 0)
#define IN_FLIGHT (UNDER_WAY(0) + UNDER_WAY(1))
#define UNUSED(s) (slot[0] != s && slot[1] != s)
#else
#define OTHERS_WORK(n, i) (WORKS(((n) + 1) % 3, i) || WORKS(((n) + 2) % 3, i))
#define OTHERS_LEAD(n) (lead_term[((n) + 1) % 3] != 0 || lead_term[((n) + 2) % 3] != 0)
#define IN_FLIGHT (UNDER_WAY(0) + UNDER_WAY(1) + UNDER_WAY(2))
#define UNUSED(s) (slot[0] != s && slot[1] != s && slot[2] != s)
#endif
#define UNDER_WAY(n) ((beat[n] != IDLE) + (trying[n] == ANSWERED) + (reads[n]) + (what[n] != 0))
#define HAS_ROOM (calm || IN_FLIGHT < FLIGHTS)

inline forget_beat(n)
{
    beat[n] = IDLE;
    age[n] = 0;
    beat_ok[n] = 0;
    beat_term[n] = 0;
    beat_life[n] = 0
}

inline forget_read(n)
{
    reads[n] = 0;
    for (j : 0 .. IDS - 1) {
        read_token[AT(n, j)] = 0;
        read_recall[AT(n, j)] = 0
    }
    j = 0
}

inline forget_report(n)
{
    what[n] = 0;
    about[n] = 0;
    under[n] = 0;
    outcome[n] = UNDECIDED
}

/* member_fence, slot_is_over (core/engine/membership.c); share_lose (share.c), ops_abandon (ops.c), election_reset
 * (election.c). All that was held is told lost, and the answers that are still out mean nothing any more. */
inline fence(n)
{
    if
    :: LATES && what[n] != 0 && outcome[n] == UNDECIDED && late_what == 0 ->
        late_what = what[n];
        late_slot = slot[n];
        late_about = about[n];
        late_under = under[n]
    :: else
    fi;
    forget_beat(n);
    forget_read(n);
    forget_report(n);
    trying[n] = IDLE;
    tried_term[n] = 0;
    may_campaign[n] = 0;
    for (j : 0 .. IDS - 1) {
        held[AT(n, j)] = 0;
        told_recall[AT(n, j)] = 0
    }
    j = 0;
    is[n] = OUT;
    slot[n] = NOBODY;
    left[n] = 0;
    lead_term[n] = 0;
    gave_up[n] = 0;
    gives_up[n] = 0
}

/* lead (election.c). I1: one term, one leadership; and nobody else believes to lead within its deadline. */
inline lead(n, t)
{
    PROMISE(I1, !OTHERS_LEAD(n));
    lead_term[n] = t
}

/* election_view (election.c) */
inline take_leader(n)
{
    if
    :: beat_term[n] == 0 || FAULT == NOT_ADOPTED && lead_term[n] == 0 -> lead_term[n] = 0
    :: beat_term[n] > gave_up[n] && FAULT != NOT_ADOPTED ->
        if
        :: lead_term[n] == 0 -> SEEN(ADOPTED); lead(n, beat_term[n])
        :: else
        fi
    :: else
    fi
}

/* take_view (membership.c): only a positive answer extends a deadline, counted from before the beat was sent. */
inline take_view(n)
{
    knows[n] = beat_life[n];
#if FAULT == DEADLINE_FROM_REPLY
    left[n] = TTL;
#else
    left[n] = TTL - age[n];
#endif
    is[n] = SETTLED;
    if
    :: left[n] == 0 -> fence(n) /* answered too late to be of use */
    :: left[n] > 0 ->
        take_leader(n);
        forget_beat(n)
    fi
}

/* begin_join, join, member_on_join (membership.c); store_join, join_refusal (backends/store/membership.c),
 * store_life_report (life.c). A join that is sent again gets its first answer, so one that takes long is a slot that
 * does not beat yet. */
inline join(n)
{
    if
    :: life == 0 -> begin_life()
    :: else
    fi;
    if
    :: FAULT != QUARANTINE_AUTO || (knows[n] != 0 && knows[n] != life) -> raise_quarantine()
    :: else
    fi;
    slots++;
    slot[n] = slots;
    state[slots] = LIVE;
    lease[slots] = TTL;
    is[n] = JOINED
}

/* store_beat, beat_refusal (store/membership.c), store_life_report (life.c) */
#define FORGOTTEN(n) (is[n] == SETTLED && knows[n] != life)
#if FAULT == BEAT_UNCHECKED
#define MAY_BEAT(n) (!FORGOTTEN(n))
#else
#define MAY_BEAT(n) (!FORGOTTEN(n) && VALID(slot[n]))
#endif
inline execute_beat(n)
{
    beat[n] = ANSWERED;
    if
    :: life == 0 -> begin_life(); raise_quarantine() /* who beats has joined before */
    :: life != 0 && FORGOTTEN(n) -> raise_quarantine()
    :: else
    fi;
    if
    :: MAY_BEAT(n) ->
        beat_ok[n] = 1;
        beat_life[n] = life;
        beat_term[n] = (leader == slot[n] -> term : 0);
        may_campaign[n] = !LED;
        if
        :: VALID(slot[n]) -> lease[slot[n]] = TTL
        :: else
        fi
    :: else
    fi
}

/* When a beat is of use: a third of the ttl has passed, or (a hint) the node does not know how things are. */
#define BEAT_DUE(n) (is[n] == JOINED || is[n] == SETTLED && (left[n] < TTL || !VALID(slot[n]) || \
                     (leader == slot[n]) != (lead_term[n] != 0) || (calm && !LED && !may_campaign[n])))

proctype membership(byte n)
{
    do
    /* Nodes are alike: 0 is the first that joins. */
    :: d_step { is[n] == OUT && slots < SLOTS && (slots > 0 || n == 0) -> join(n) }
    /* beat, member_on_beat (membership.c) */
    :: d_step { BEAT_DUE(n) && beat[n] == IDLE && HAS_ROOM -> beat[n] = SENT }
    :: d_step { beat[n] == SENT -> execute_beat(n) }
    :: d_step { beat[n] == ANSWERED ->
            if
            :: beat_ok[n] -> take_view(n)
            :: else -> fence(n) /* member_refused */
            fi
       }
    :: d_step { !calm && beat[n] != IDLE -> forget_beat(n) } /* UNKNOWN: a new beat with its own t0 follows */
    od
}

proctype election(byte n)
{
    do
    /* election_timers, election_on_campaign (election.c); ops_answer (ops.c) */
    :: d_step { is[n] == SETTLED && lead_term[n] == 0 && gives_up[n] != RESIGNS && trying[n] == IDLE &&
                (!calm || may_campaign[n]) ->
            trying[n] = SENT
       }
    :: d_step { trying[n] == SENT && !WINS(slot[n]) ->
            if
            :: quarantined -> SEEN(QUARANTINED)
            :: else
            fi;
            trying[n] = IDLE;
            may_campaign[n] = 0
       }
    :: d_step { trying[n] == SENT && WINS(slot[n]) && HAS_TERMS(slot[n]) && HAS_ROOM ->
            campaign(slot[n]);
            tried_term[n] = term;
            trying[n] = ANSWERED
       }
    :: d_step { !calm && trying[n] == ANSWERED -> /* UNKNOWN: sent again */
            trying[n] = (FAULT == NOT_ADOPTED -> IDLE : SENT);
            tried_term[n] = 0
       }
    :: d_step { trying[n] == ANSWERED && beat[n] != ANSWERED -> /* in the order of the lane */
            if
            :: gives_up[n] != RESIGNS && (tried_term[n] > gave_up[n] || FAULT == WON_LATE) &&
               lead_term[n] != tried_term[n] -> lead(n, tried_term[n])
            :: else
            fi;
            trying[n] = IDLE;
            tried_term[n] = 0;
            may_campaign[n] = 0
       }
#if YIELDS
    /* election_resign (election.c): for good, because it drains; retire_self (roster.c), election_step_down */
    :: d_step { !calm && lead_term[n] != 0 && gives_up[n] == 0 ->
            gave_up[n] = lead_term[n];
            gives_up[n] = RESIGNS;
            lead_term[n] = 0
       }
    :: d_step { !calm && lead_term[n] != 0 && gives_up[n] == 0 ->
            gave_up[n] = lead_term[n];
            gives_up[n] = RETIRES;
            lead_term[n] = 0
       }
    /* store_resign (leadership.c), store_retire (membership.c) */
    :: d_step { gives_up[n] != 0 && leader == slot[n] && term == gave_up[n] && VALID(leader) ->
            SEEN(YIELDED);
            leader = NOBODY;
            if
            :: gives_up[n] == RETIRES -> state[slot[n]] = RETIRED
            :: else
            fi
       }
#endif
    od
}

/* ---- What an application does with its ids ----------------------------------------------------------------------- */

/* compare, drop_unlisted, take_body, find_grant (share_sync.c) */
inline take_share(n, i)
{
    if
    :: read_token[AT(n, i)] == 0 ->
        if
        :: !BUSY(n, i) -> held[AT(n, i)] = 0; told_recall[AT(n, i)] = 0
        :: else /* its answer settles it */
        fi
    :: read_token[AT(n, i)] != 0 && read_token[AT(n, i)] != held[AT(n, i)] ->
        PROMISE(I3, !OTHERS_WORK(n, i));
        SEEN(GAINED);
        if
        :: read_token[AT(n, i)] > FLOOR + 1 && slots > 1 -> SEEN(MOVED)
        :: else
        fi;
        held[AT(n, i)] = read_token[AT(n, i)];
        told_recall[AT(n, i)] = read_recall[AT(n, i)]
    :: else -> told_recall[AT(n, i)] = read_recall[AT(n, i)]
    fi
}

#define IN_STORE(n, i) (where[i] == SHARE(slot[n]) -> token_of[i] : 0)
#if FAULT == RECALL_UNHEARD
#define HAS_NEWS(n, i) (IN_STORE(n, i) != held[AT(n, i)])
#else
#define HAS_NEWS(n, i) (IN_STORE(n, i) != held[AT(n, i)] || \
                        (held[AT(n, i)] != 0 && recalled[i] != told_recall[AT(n, i)]))
#endif
/* share_sync (share_sync.c): reading what has not changed would show nothing. */
#if IDS == 1
#define READ_DUE(n) HAS_NEWS(n, 0)
#else
#define READ_DUE(n) (HAS_NEWS(n, 0) || HAS_NEWS(n, 1))
#endif
#if FAULT == ANSWERS_OVERTAKE
#define IN_ORDER(n) true
#else
#define IN_ORDER(n) (!reads[n])
#endif

inline begin_report(n, i, kind)
{
    what[n] = kind;
    about[n] = i;
    under[n] = held[AT(n, i)]
}

#define MAY_REPORT(n, i) (is[n] == SETTLED && what[n] == 0 && held[AT(n, i)] != 0 && HAS_ROOM)
#define REPORTS(i) \
    :: d_step { ACKS && !calm && MAY_REPORT(n, i) -> begin_report(n, i, ACK) } \
    :: d_step { MAY_REPORT(n, i) && (!calm || told_recall[AT(n, i)]) -> begin_report(n, i, RELEASE) } \
    :: d_step { FAILS && !calm && MAY_REPORT(n, i) -> begin_report(n, i, FAIL) }

/* share_sync.c, requests.c: what goes over the bulk lane, but for the leader's. */
proctype bulk(byte n)
{
    do
    /* store_read_share, store_read_segments (backends/store/reads.c). A read changes nothing: how long it is under way
     * before that makes no difference. */
    :: d_step { is[n] == SETTLED && !reads[n] && READ_DUE(n) && (!calm || what[n] == 0) && state[slot[n]] != GONE &&
                HAS_ROOM ->
            reads[n] = 1;
            for (k : 0 .. IDS - 1) {
                read_token[AT(n, k)] = IN_STORE(n, k);
                read_recall[AT(n, k)] = (where[k] == SHARE(slot[n]) && recalled[k])
            }
            k = 0
       }
    /* share_on_listing, share_on_bodies (share_sync.c) */
    :: d_step { reads[n] ->
            take_share(n, 0);
#if IDS > 1
            take_share(n, 1);
#endif
            forget_read(n)
       }
    :: d_step { !calm && reads[n] -> forget_read(n) }
    /* send_report, fill_report (requests.c) */
    REPORTS(0)
#if IDS > 1
    REPORTS(1)
#endif
    /* Any of its tries. */
    :: d_step { what[n] != 0 && outcome[n] == UNDECIDED ->
            report(what[n], slot[n], about[n], under[n], outcome[n])
       }
    /* requests_on_report, settle_item (requests.c), member_refused (membership.c) */
    :: d_step { what[n] != 0 && outcome[n] != UNDECIDED && IN_ORDER(n) ->
            if
            :: outcome[n] == OVER -> fence(n)
            :: else ->
                if
                :: held[AT(n, about[n])] == under[n] ->
                    held[AT(n, about[n])] = 0;
                    told_recall[AT(n, about[n])] = 0
                :: else
                fi;
                forget_report(n)
            fi
       }
    od
}

/* ---- The leader -------------------------------------------------------------------------------------------------- */

/* leader (apply.c), store_leads_in_term (leadership.c): an op is taken from the present leadership alone. So whatever a
 * former leader sent and comes late is refused, unless the store still has it as its leader: then it counts, whether or
 * not the replica still believes to lead. Hence any op of the present leadership may come at any time. */
#define LEADS(n) (LED && (calm -> lead_term[n] == term && slot[n] == leader : n == 0))

#if IDS == 1
#define LOAD(s) (where[0] == SHARE(s))
#define RECALLED_OF(s) false
#else
#define LOAD(s) ((where[0] == SHARE(s)) + (where[1] == SHARE(s)))
#define RECALLED_OF(s) (where[0] == SHARE(s) && recalled[0] || where[1] == SHARE(s) && recalled[1])
#endif
#define NO_INBOX (where[0] != INBOX && where[IDS - 1] != INBOX)
#define NOT_BELOW(s, t) (!VALID(t) || LOAD(t) >= LOAD(s))
#define TWO_BELOW(s, t) (VALID(t) && LOAD(t) + 2 <= LOAD(s))
#if SLOTS == 3
#define EACH_SLOT(o) o(1) o(2) o(3)
#define EACH_SLOT_OF(i, o) o(i, 1) o(i, 2) o(i, 3)
#define LEAST(s) (NOT_BELOW(s, 1) && NOT_BELOW(s, 2) && NOT_BELOW(s, 3))
#define TOO_MANY(s) (TWO_BELOW(s, 1) || TWO_BELOW(s, 2) || TWO_BELOW(s, 3))
#define ANY_REAPABLE (REAPABLE(1) || REAPABLE(2) || REAPABLE(3))
#elif SLOTS == 4
#define EACH_SLOT(o) o(1) o(2) o(3) o(4)
#define EACH_SLOT_OF(i, o) o(i, 1) o(i, 2) o(i, 3) o(i, 4)
#define LEAST(s) (NOT_BELOW(s, 1) && NOT_BELOW(s, 2) && NOT_BELOW(s, 3) && NOT_BELOW(s, 4))
#define TOO_MANY(s) (TWO_BELOW(s, 1) || TWO_BELOW(s, 2) || TWO_BELOW(s, 3) || TWO_BELOW(s, 4))
#define ANY_REAPABLE (REAPABLE(1) || REAPABLE(2) || REAPABLE(3) || REAPABLE(4))
#elif SLOTS == 2
#define EACH_SLOT(o) o(1) o(2)
#define EACH_SLOT_OF(i, o) o(i, 1) o(i, 2)
#define LEAST(s) (NOT_BELOW(s, 1) && NOT_BELOW(s, 2))
#define TOO_MANY(s) (TWO_BELOW(s, 1) || TWO_BELOW(s, 2))
#define ANY_REAPABLE (REAPABLE(1) || REAPABLE(2))
#endif
#if IDS == 1
#define EACH_ID(o) o(0)
#define EACH_PLACE(o) EACH_SLOT_OF(0, o)
#else
#define EACH_ID(o) o(0) o(1)
#define EACH_PLACE(o) EACH_SLOT_OF(0, o) EACH_SLOT_OF(1, o)
#endif

/* go_reap (leader.c) */
#define REAP(s) :: d_step { LEADS(n) && REAPABLE(s) && s != leader -> reap(s) }
/* placement_assign (placement_ops.c); counts_take (placement_counts.c): to whoever has least */
#define ASSIGN(i, s) \
    :: d_step { LEADS(n) && GRANTABLE(i, s) && VALID(s) && HAS_TOKENS && \
                (!calm || (!ANY_REAPABLE && LEAST(s))) -> assign(i, s) }
/* counts_recall (placement_counts.c), store_recall (grants.c). Calm: nothing moves without a cause. */
#define RECALL(i, s) \
    :: d_step { LEADS(n) && where[i] == SHARE(s) && !recalled[i] && state[s] != LEFT && state[s] != DEAD && \
                (!calm || (!ANY_REAPABLE && VALID(s) && !RECALLED_OF(s) && TOO_MANY(s))) -> recalled[i] = 1 }
/* watch_one (roster.c), store_retire (store/membership.c): one that does not give back; itself: see retire_self */
#define RETIRE(s) :: d_step { YIELDS && !calm && LEADS(n) && state[s] == LIVE && s != leader -> state[s] = RETIRED }
/* unpark_when_due (leader.c), store_unpark (parked.c) */
#define UNPARK(i) :: d_step { FAILS && LEADS(n) && where[i] == PARKED -> SEEN(UNPARKED); to_inbox(i) }

proctype leading(byte n)
{
    do
    EACH_SLOT(REAP)
    EACH_PLACE(ASSIGN)
    EACH_SLOT(RETIRE)
    EACH_ID(UNPARK)
#if PLANS
    EACH_PLACE(RECALL)
    /* go_publish (leader.c), store_publish (leadership.c) */
    :: d_step { LEADS(n) && !published && (!calm || (!ANY_REAPABLE && NO_INBOX)) -> published = 1 }
#endif
    od
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

/* fence_when_due (engine.c): past the deadline nothing else counts, also when the thread itself was stopped. */
inline tick_node(n)
{
    if
    :: beat[n] != IDLE && age[n] < TTL -> age[n]++
    :: else
    fi;
    if
    :: left[n] > 0 ->
        left[n]--;
        if
        :: left[n] == 0 && FAULT != DEADLINE_IGNORED -> SEEN(FENCED); fence(n)
        :: else
        fi
    :: else
    fi
}

inline tick_store()
{
    for (k : 1 .. SLOTS) {
        if
        :: lease[k] > 0 -> lease[k]--
        :: else
        fi
    }
    k = 0
}

/* When all is calm, whoever is there has renewed its lease before it can end. */
#if NODES == 2
#define STEADY (is[0] == SETTLED && left[0] == TTL && is[1] == SETTLED && left[1] == TTL)
#else
#define STEADY (is[0] == SETTLED && left[0] == TTL && is[1] == SETTLED && left[1] == TTL && is[2] == SETTLED && \
                left[2] == TTL)
#endif

proctype time()
{
    do
    :: d_step {
#ifdef LIVENESS
            (STEADY || (!calm && stalls < STALLS)) ->
            if
            :: STEADY
            :: else -> stalls++
            fi;
#else
            true ->
#endif
            tick_node(0);
            tick_node(1);
#if NODES > 2
            tick_node(2);
#endif
            tick_store();
            if
            :: young > 0 -> young--
            :: else
            fi;
            if
            :: young == 0 -> quarantined = 0
            :: else
            fi
       }
#if FAULT == CLOCK_AHEAD
    :: d_step { true -> tick_store() }
#endif
    od
}

/* ---- The rest of the world --------------------------------------------------------------------------------------- */

/* Its data is gone: a restart without persistence, FLUSHALL. */
inline lose_data()
{
    for (k : 1 .. SLOTS) {
        if
        :: state[k] != 0 -> state[k] = GONE
        :: else
        fi;
        lease[k] = 0
    }
    for (k : 0 .. IDS - 1) {
        where[k] = 0;
        token_of[k] = 0;
        recalled[k] = 0;
        owed[k] = 0
    }
    k = 0;
    life = 0;
    young = 0;
    quarantined = 0;
    leader = NOBODY;
    term = 0;
    token = 0;
    published = 0;
    add_known = 0
}

/* store_leave (store/membership.c) that comes late; proof by the kernel that the process is gone: store_slot_die. */
#define DEPARTS(s) \
    :: d_step { UNUSED(s) && (state[s] == LIVE || state[s] == RETIRED) -> state[s] = LEFT; free_leadership(s) }
/* A beat, and a campaign, of a slot that its replica has given up. */
#define BEATS_LATE(s) :: d_step { !calm && UNUSED(s) && VALID(s) && lease[s] < TTL -> lease[s] = TTL }
#define CAMPAIGNS_LATE(s) :: d_step { !calm && UNUSED(s) && WINS(s) && leader != s && HAS_TERMS(s) -> campaign(s) }

/* I6: of one that owns something; what any other leaves behind is a lease. */
#ifdef LIVENESS
#define LEAVES_SOMETHING(n) IN_SHARE(0, slot[n])
#else
#define LEAVES_SOMETHING(n) true
#endif

proctype world()
{
    do
    :: d_step { late_what != 0 ->
            report(late_what, late_slot, late_about, late_under, judged);
            if
            :: judged != ACCEPTED -> SEEN(REFUSED)
            :: else
            fi;
            judged = 0;
            late_what = 0;
            late_slot = 0;
            late_about = 0;
            late_under = 0
       }
    :: d_step { late_what != 0 -> late_what = 0; late_slot = 0; late_about = 0; late_under = 0 }
    EACH_SLOT(DEPARTS)
#if LATES
    EACH_SLOT(BEATS_LATE)
    EACH_SLOT(CAMPAIGNS_LATE)
#endif
#if CRASHES > 0
    /* The replica is gone, and what it knew; another one takes its place. A leave in order is that, and DEPARTS. */
    :: d_step { !calm && crashes < CRASHES && is[0] != OUT && LEAVES_SOMETHING(0) -> crashes++; fence(0); knows[0] = 0 }
    :: d_step { !calm && crashes < CRASHES && is[1] != OUT && LEAVES_SOMETHING(1) -> crashes++; fence(1); knows[1] = 0 }
#endif
#if LIVES > 1
    :: d_step { !calm && life != 0 && lives < LIVES -> lose_data() }
#endif
#if CLEANS > 0
    /* store_clean (pool.c) */
    :: d_step { !calm && life != 0 && cleans < CLEANS && (where[0] != 0) ->
            SEEN(CLEANED);
            cleans++;
            cleaned = last_token;
            for (k : 0 .. IDS - 1) {
                where[k] = 0;
                token_of[k] = 0;
                recalled[k] = 0;
                owed[k] = 0
            }
            k = 0
       }
#endif
#if ADDS > 0
    /* A client without a slot. store_add (pool.c), store_session_decides (sessions.c) */
    :: d_step { !calm && !adding && !add_late && adds < ADDS && where[0] == 0 ->
            adds++;
            adding = 1;
            add_known = 0
       }
    :: d_step { (adding || add_late) && (adding || !calm) && (FAULT == NO_MEMORY || !add_known || add_late) ->
            if
            :: life == 0 -> begin_life()
            :: else
            fi;
            if
            :: add_known -> SEEN(ADDED_TWICE)
            :: else
            fi;
            if
            :: where[0] == 0 && !add_known -> owed[0]++
            :: else
            fi;
            if
            :: where[0] == 0 && (FAULT == NO_MEMORY || !add_known) -> where[0] = INBOX
            :: else
            fi;
            add_known = 1;
            if
            :: !adding -> add_late = 0
            :: else
            fi;
            CHECK_PLACE(0)
       }
    :: d_step { adding && add_known -> adding = 0; add_late = 1 }
    :: d_step { add_late && !adding -> add_late = 0 }
#endif
#ifdef LIVENESS
    /* When all that was to happen has happened, and there are slots enough for whoever has to join again. */
    :: d_step { !calm && crashes == CRASHES && stalls == STALLS &&
                slots + !VALID(slot[0]) + !VALID(slot[1]) <= SLOTS ->
            calm = 1;
            SEEN(CALM)
       }
#endif
    od
}

init
{
    d_step {
#ifdef ONLY
        I1 = 1;
        I2 = 1;
        I3 = 1;
        I4 = 1;
        I7 = 1;
        ONLY = 0;
#endif
        c_code { atexit(show_seen); }
        life = 1;
        lives = 1;
        for (k : 0 .. IDS - 1) {
            where[k] = INBOX;
            owed[k] = 1
        }
        for (k : 0 .. NODES - 1) {
            is[k] = OUT;
            beat[k] = IDLE;
            trying[k] = IDLE
        }
        k = 0
    }
    atomic {
        run membership(0);
        run membership(1);
        run election(0);
        run election(1);
        run bulk(0);
        run bulk(1);
        run leading(0);
#ifdef LIVENESS
        run leading(1);
#endif
#if NODES > 2
        run membership(2);
        run election(2);
        run bulk(2);
#endif
        run time();
        run world()
    }
}

#ifdef LIVENESS
/* I6: once faults have stopped, every pool id that is not parked comes to a live slot that knows it, and stays. */
#define HAS(n, i) (is[n] == SETTLED && where[i] == SHARE(slot[n]) && VALID(slot[n]) && \
                   held[AT(n, i)] == token_of[i] && !recalled[i])
#define PLACED(i) (where[i] == 0 || where[i] == PARKED || HAS(0, i) || HAS(1, i))
#if IDS == 1
#define ALL_PLACED PLACED(0)
#else
#define ALL_PLACED (PLACED(0) && PLACED(1))
#endif
ltl I6 { (<> calm) -> (<> [] (ALL_PLACED && published)) }
#endif
