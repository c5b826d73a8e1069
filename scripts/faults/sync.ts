import { type Part, tests } from './faults.js'

const network = 'test/faults/sync-network.waits.test.ts'
const resources = 'test/faults/sync-resources.int.test.ts'
const server = 'test/faults/sync-server.int.test.ts'
const tool = 'test/faults/sync-tool.int.test.ts'
const badInput = 'test/flows/sync-bad-input.int.test.ts'
const conflicts = 'test/flows/sync-conflicts.int.test.ts'

/** Between PostgreSQL databases, two and three, under writers on all sides. */
export const SYNC: Part = {
  toolKilled: {
    outcome: 'nothing lost',
    promise:
      'All sides end alike, with every row that a writer was told is stored; of three sides that write the same keys all end with the newest version.',
    proofs: [
      ...tests(
        tool,
        'at every failpoint, again and again under load: nothing is lost',
        'at random times: nothing is lost',
      ),
      ...tests(
        'test/faults/sync-many.waits.test.ts',
        'three sides that write the same keys, the tool killed again and again: in the end the newest everywhere',
      ),
    ],
  },
  databaseKilled: {
    outcome: 'nothing lost',
    promise:
      'Either server or both, again and again: nothing is lost, the tool lives on and does not have to compare the tables anew. Also where a crash takes back commits that did not wait for the disk and gives their ids out again.',
    proofs: [
      ...tests(
        server,
        'again and again, either one, and both: nothing is lost and the tool lives on',
        'writers that do not wait for the disk: ids that are given out again are not taken for known',
      ),
      ...tests('test/flows/sync-many.int.test.ts', 'a side that is away keeps nobody waiting but its own directions'),
    ],
  },
  brokerKilled: { none: 'There is no broker.' },
  connectionsKilled: {
    outcome: 'nothing lost',
    promise:
      'Nothing is lost or doubled, however often connections are ended, reset or cut inside COMMIT, before or after the server did it.',
    proofs: tests(
      network,
      '%s the server did it: nothing is lost or doubled',
      'terminated by the server each second',
      'reset by the network many times a second, then no more',
    ),
  },
  silence: {
    outcome: 'waits, nothing lost',
    promise: 'Health turns red, and nothing is lost when the peer answers again.',
    proofs: [
      ...tests(network, '$name: red health, nothing is lost, and it goes on'),
      ...tests(server, 'either one for ten seconds, then both: nothing is lost when it thaws'),
    ],
  },
  slowLink: {
    outcome: 'lag shown',
    promise: 'The lag is told, and both sides have all rows in the end.',
    proofs: tests(network, '200 ms of latency and 1 Mbit/s: the lag is shown, and both sides become identical'),
  },
  diskFull: {
    outcome: 'waits',
    promise: 'Health turns red, no row becomes a dead letter, and both sides are alike once there is room.',
    proofs: tests(
      resources,
      'a file system without room: waits, no dead letter, goes on',
      'as the server tells it: waits with red health, no dead letter, goes on',
    ),
  },
  poison: {
    outcome: 'quarantined',
    promise:
      'A row that only one side accepts is a dead letter with its key and payload, the rest flows, and a comparison does not call that the same.',
    proofs: tests(
      badInput,
      'becomes a dead letter with key, payload and code; the rest flows',
      'the comparison does not call that the same',
      'a unique column of which both sides have the value with different keys',
    ),
  },
  disorder: {
    outcome: 'losers recorded',
    promise:
      'Of one key that is written on several sides the policy or the higher version decides, on every side alike, and the write that lost is in the table of conflicts.',
    proofs: [
      ...tests(
        conflicts,
        'one key inserted on both sides at the same time',
        'a write that lost against a newer one is in the table of conflicts',
        'equal versions with different values are kept and reported, not overwritten',
      ),
      ...tests(
        'test/flows/sync-many.int.test.ts',
        'writes that lost are recorded, each on a side with the row that won',
      ),
    ],
  },
  altered: {
    outcome: 'stops',
    promise:
      'The flow stops and names the table, writes no row without its new column, and both sides are alike when it runs again after the migration.',
    proofs: tests(
      'test/flows/sync-schema-changes.int.test.ts',
      'a column more on $where: the flow stops and says so, and no row is written without it',
      'a column that is dropped, renamed or gets another type: the flow stops',
      'dropped and made again: waits with red health, then says what to do',
    ),
  },
  openTransaction: {
    outcome: 'nothing skipped',
    promise:
      'Rows whose transaction stays open come across when it commits, while others flow. For a minute twelve writers hold transactions open, prepare them and roll back to savepoints, and others hold theirs in another database: both sides end identical. A table that somebody locks is waited for.',
    proofs: [
      ...tests(
        'test/flows/sync-tables.int.test.ts',
        'ids of a sequence that each session takes fifty of, and old ids that come late',
      ),
      ...tests('test/hostile/sync.hostile.test.ts', 'run $run, … s: $name'),
      ...tests(network, 'a session that died in the middle of its transaction does not block the next'),
    ],
  },
  twoInstances: {
    outcome: '0 zombie rows',
    promise:
      'Of two at once one gives way and nothing is doubled; a leader that is frozen and thaws writes nothing, by the count of the databases themselves.',
    proofs: [
      ...tests(tool, 'at once: nothing is lost or doubled; one gives way'),
      ...tests(
        'test/faults/sync-standby.waits.test.ts',
        'a leader that is killed, frozen or told to stop: the standby goes on, and who thaws writes nothing',
      ),
    ],
  },
  stopped: {
    outcome: 'drained',
    promise: 'The batch under way is finished and saved, exit code 0, and the next run goes on.',
    proofs: tests(
      tool,
      'SIGTERM in the middle of a batch: it is finished and saved, exit code 0',
      'SIGTERM under load: exit code 0, and the next run goes on',
    ),
  },
  access: {
    outcome: 'waits',
    promise:
      'A right that is taken away and a password that is wrong: red health, no dead letter, and it goes on once they are right. Missing from the start, a right is refused with what to do. Sessions over TLS check who answers.',
    proofs: [
      ...tests(
        resources,
        '%s is taken away and given back: waits, and goes on',
        'missing from the start: refused, with what to do',
      ),
      ...tests(badInput, 'a wrong password: waits, says so without the password, and goes on once it is right'),
      ...tests(
        'test/adapters/postgres/tls.int.test.ts',
        'is used when the certificate is of the host and of a trusted authority',
      ),
    ],
    open: 'a certificate of another authority in the middle of a run; `ingest`, over the same sessions, has that test.',
  },
  memory: {
    outcome: 'holds',
    promise: 'Below 256 MB with rows of 10 MB that come while the target is frozen.',
    proofs: tests(resources, 'stays below 256 MB with rows of 10 MB and a frozen target'),
  },
}
