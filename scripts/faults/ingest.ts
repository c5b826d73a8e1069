import { type Part, tests } from './faults.js'

const access = 'test/faults/ingest-access.int.test.ts'
const instances = 'test/faults/ingest-instances.waits.test.ts'
const network = 'test/faults/ingest-network.waits.test.ts'
const server = 'test/faults/ingest-server.waits.test.ts'

const RELAY_LEADER =
  'a leader of a relay that is killed or frozen: the standby goes on, and who thaws sends no more than what was under way'

/** Into PostgreSQL and MariaDB, from Pub/Sub, KurrentDB and Kafka. */
export const INGEST: Part = {
  toolKilled: {
    outcome: 'nothing lost',
    promise:
      'Every message is stored with its newest version, the unusable ones are dead letters, and each effect is there once; messages that wait for their parent outlive it. A `relay` sends each event at least once, in order.',
    proofs: [
      ...tests(
        'test/faults/ingest-kill.int.test.ts',
        'from Pub/Sub into PostgreSQL, at every failpoint and at random: nothing is lost',
        'with a cache in front, between commit and cache and at all others: the newest versions are stored',
        'from KurrentDB into MariaDB, at every failpoint and at random: everything is stored once',
      ),
      ...tests(
        'test/faults/ingest-letters.int.test.ts',
        'that wait for a parent outlive kill -9, and are stored once it has come',
      ),
      ...tests(
        'test/faults/relay-kill.int.test.ts',
        'from KurrentDB into Kafka, at every failpoint and at random: each event is there, in order, at least once',
      ),
      ...tests('test/faults/relay-standby.waits.test.ts', RELAY_LEADER),
    ],
  },
  databaseKilled: {
    outcome: 'nothing lost',
    promise:
      'Nothing is lost or doubled, also where the COMMIT was sent and its answer never came; the flow goes on within 10 s of the server accepting connections.',
    proofs: tests(
      server,
      'killed with -9 again and again under load: nothing is lost or doubled, and it goes on within 10 s',
      'killed when COMMIT was sent, cut %s it was done: each effect once',
    ),
  },
  brokerKilled: {
    outcome: 'nothing lost',
    promise:
      'Nothing is lost and each effect is there once; the flow goes on within 10 s, or, from an emulator that keeps what it gave to a dead stream, within 10 s of the end of the leases. A `relay` waits for brokers that are away.',
    proofs: [
      ...tests(
        'test/faults/ingest-broker.waits.test.ts',
        '$name: nothing is lost, and the flow goes on within 10 s of what it may have',
      ),
      ...tests('test/flows/relay.int.test.ts', 'waits for brokers that are away, and writes all when they are back'),
    ],
  },
  connectionsKilled: {
    outcome: 'nothing lost',
    promise:
      'Each effect once, however often connections are ended by the server, reset by the network or cut inside COMMIT.',
    proofs: tests(
      network,
      'the link is cut in COMMIT, %s the server did it: each effect once',
      'connections are killed by the server each second: each effect once',
      'connections are reset many times a second, then no more',
    ),
  },
  silence: {
    outcome: 'waits, nothing lost',
    promise:
      'Health turns red and says why; when the peer answers again the flow goes on and nothing is lost. The same of a broker that falls silent.',
    proofs: [
      ...tests(network, 'the link is $name: red health says why, and it goes on'),
      ...tests(server, 'frozen: red health says why, and it goes on once it thaws'),
      ...tests(
        'test/adapters/pubsub/faults.waits.test.ts',
        'notices a server that keeps its connections and says nothing, and reads on when it is back',
        'notices a half-open connection ($deaf hears nothing) and takes another',
      ),
    ],
  },
  slowLink: {
    outcome: 'leases kept',
    promise:
      'The leases of Pub/Sub messages are kept for longer than they last by themselves, no more messages are taken than may be, each comes once, and the process stays below 256 MB.',
    proofs: tests(
      'test/faults/ingest-memory.waits.test.ts',
      'holds over a link of 200 ms and 1 Mbit/s: leases are kept, and no more is taken than may be',
    ),
  },
  diskFull: {
    outcome: 'waits',
    promise:
      'Health turns red with `disk-full`, no message becomes a dead letter, and the flow goes on once there is room.',
    proofs: [
      ...tests(
        'test/faults/ingest-disk.int.test.ts',
        'red health says so, no dead letter, and it goes on once there is room',
      ),
      ...tests('test/adapters/sqlite/sqlite.int.test.ts', 'that is full is an UnavailableError, with nothing stored'),
    ],
  },
  poison: {
    outcome: 'exactly the poison',
    promise:
      'Exactly the unusable messages become dead letters and all else is stored. When it is most of a batch, the cause is not in the messages: the flow stops and keeps nothing as a dead letter. Once the schema is mended, `replay` stores what is sound.',
    proofs: [
      ...tests(
        'test/faults/ingest-poison.int.test.ts',
        'of a share of %d: exactly that becomes dead letters',
        'of a share of 1: the flow stops and keeps nothing; told not to stop, it keeps all',
      ),
      ...tests(
        'test/faults/ingest-letters.int.test.ts',
        'whose schema was mended: replay stores what is sound now, older rows never win, the rest stays',
      ),
    ],
  },
  disorder: {
    outcome: 'newest wins',
    promise:
      'What is stored is the newest version of each key, and each effect once, whatever the order and however often a message comes.',
    proofs: [
      ...tests('test/flows/ingest.property.unit.test.ts', 'whatever comes, in whatever order and however often'),
      ...tests('test/faults/ingest-poison.int.test.ts', 'of a share of %d: exactly that becomes dead letters'),
      ...tests(
        'test/adapters/pubsub/faults.waits.test.ts',
        'gives everything, though messages come twice, in any order, and acknowledgements are forgotten',
      ),
    ],
  },
  altered: {
    outcome: 'goes on or stops',
    promise:
      'A column that is added, widened, or dropped without being used: the flow goes on. One that it needs: it stops with the column named, blames no message, and goes on after the cure.',
    proofs: tests(
      'test/faults/ingest-schema.int.test.ts',
      '%s: it goes on',
      '$what: the flow stops and blames no message; after the cure it goes on',
    ),
  },
  openTransaction: {
    outcome: 'waits',
    promise:
      'A row that another transaction holds is waited for, with red health and no dead letter; a deadlock is tried again.',
    proofs: tests(
      'test/faults/ingest-schema.int.test.ts',
      'a row that an open transaction holds is waited for: red health, no dead letter',
      'a deadlock with another writer is tried again, and nobody is told',
    ),
  },
  twoInstances: {
    outcome: '0 zombie rows',
    promise:
      'Of a flow with positions one instance writes and the other gives way; one that is frozen beyond its lease stores nothing more when it thaws. Four processes that come late, are frozen and are killed share a subscription or a consumer group and lose nothing. Of a `relay` one sends; after a takeover each event is there, in order but for repeats, and one that thaws sends no more than the batch it was at.',
    proofs: [
      ...tests('test/faults/relay-standby.waits.test.ts', RELAY_LEADER),
      ...tests(
        instances,
        'two instances of one catch-up flow at once, into $name: each effect once',
        'an instance that is frozen beyond its lease and thaws: the standby goes on, and it stores nothing more, into $name',
      ),
      ...tests(
        'test/faults/ingest-replicas.waits.test.ts',
        'on one $name, two of them late, one frozen, two killed: nothing is lost',
        'writes nothing when it wakes up',
      ),
    ],
  },
  stopped: {
    outcome: 'drained',
    promise:
      'What is being stored is stored, exit code 0 within 25 s; what is not, another process has at once and not only when a lease is over. A second signal ends it within 5 s, and nothing is lost.',
    proofs: tests(
      'test/faults/ingest-stop.waits.test.ts',
      'what is being stored is stored; what is not, another process has at once',
      'a second one ends it, and another process has all at once',
    ),
  },
  access: {
    outcome: 'waits',
    promise:
      'In the middle of a run health turns red, no message becomes a dead letter, nothing goes over the wire in plain text, and the flow goes on once access is back. At the start a missing right is refused with what to do. No password is told.',
    proofs: tests(
      access,
      'its password is changed while it runs: red, and it goes on once it is right again',
      'it may not $rights $table any more: red, and it goes on once it may',
      'it may not write when it starts: refused, with what to do',
      'another authority is trusted: red, nothing is written, and it ends when told to',
      'TLS is switched off: red rather than in plain text, and it goes on',
    ),
  },
  memory: {
    outcome: 'holds',
    promise:
      'The target is frozen for 60 s while ten messages of 10 MB and 5,000 small ones come: the process stays below 256 MB, leases are kept and each message comes once.',
    proofs: tests(
      'test/faults/ingest-memory.waits.test.ts',
      'holds while its target is frozen for 60 s and messages of 10 MB come: leases are kept',
    ),
  },
}
