import { type Part, tests } from './faults.js'

const standby = 'test/faults/sync-standby.waits.test.ts'
const lanes = 'test/faults/sync-lanes.waits.test.ts'
const instances = 'test/faults/ingest-instances.waits.test.ts'
const property = 'test/engine/lease.property.unit.test.ts'

const LEADER = 'a leader that is killed, frozen or told to stop: the standby goes on, and who thaws writes nothing'
const SHARES = 'processes share the lanes of one table: who comes gets some, who is killed or frozen loses all'
const STRUCK =
  'over a slow link the leader keeps its lease; while nobody may, can or has room to write it, leader and standby wait, and one goes on after that'
const LAPSED =
  'a leader that cannot renew its lease stops before another may take it, and goes on where it was when nobody did'

/** The lease of a flow that must run once, its fence in the data transaction, standbys, and lanes of one table. */
export const LEASES: Part = {
  toolKilled: {
    outcome: 'standby goes on',
    promise:
      'The standby takes over and goes on where the leader was; of several processes with lanes the others have them. Both sides end alike. In 6 s in CI, and for minutes by hand, processes that come, are killed and are frozen by chance.',
    proofs: [
      ...tests(standby, LEADER),
      ...tests(lanes, SHARES),
      ...tests(
        'test/hostile/crowd-on-sync.hostile.test.ts',
        '… s of a leader and standbys that come, are killed and are frozen by chance: both sides end identical',
      ),
      ...tests(
        'test/hostile/crowd-on-lanes.hostile.test.ts',
        '… s of processes with lanes of one table that come, are killed and are frozen by chance: both sides end identical',
      ),
    ],
  },
  databaseKilled: {
    outcome: 'leader stays',
    promise: 'However long a server was away, the one instance that runs has its lease again and leads on, once.',
    proofs: tests(
      'test/faults/sync-server.int.test.ts',
      'again and again, either one, and both: nothing is lost and the tool lives on',
    ),
  },
  brokerKilled: { none: 'Leases are in the database.' },
  connectionsKilled: {
    outcome: 'one gets on',
    promise:
      'The commits of an instance without its lease are refused, whoever is cut off and whenever, and one instance always gets on: by chance, in a model where the real code runs against a clock and a database of the test. Of sessions on a server, the row of `sync` is what shows it.',
    proofs: tests(
      property,
      'whoever is frozen, cut off, killed or stopped, and whenever: only the last to take the lease commits, and one always does',
    ),
  },
  silence: {
    outcome: 'stops in time',
    promise: 'A leader that cannot renew its lease stops before another may take it, and goes on when nobody did.',
    proofs: tests(standby, LAPSED),
  },
  slowLink: {
    outcome: 'kept',
    promise:
      'Over a link of 200 ms and 1 Mbit/s, with rows on their way too, the leader renews its lease and keeps it.',
    proofs: tests(standby, STRUCK),
  },
  diskFull: {
    outcome: 'waits',
    promise:
      'A lease that the server refuses to write for want of room lapses: the leader stops, the standby waits too, and one goes on when there is room. The refusal is made by a trigger on the table of leases, with the code of the server.',
    proofs: tests(standby, STRUCK),
  },
  poison: { none: 'Rows have no part in it.' },
  disorder: { none: 'Rows have no part in it.' },
  altered: { none: 'Their tables are the tool’s own; upgrades have tests of their own.' },
  openTransaction: {
    outcome: 'waits',
    promise:
      'While a transaction of somebody else holds the row of the lease it lapses: the leader stops, the standby waits too, and one goes on when the transaction is over.',
    proofs: tests(standby, STRUCK),
  },
  twoInstances: {
    outcome: '0 zombie rows',
    promise:
      'A leader that is frozen loses its lease to the standby within 15 s; when it thaws, the database refuses what it writes, by the count of the server 0 rows. The same of each lane, into PostgreSQL and MariaDB.',
    proofs: [
      ...tests(standby, LEADER),
      ...tests(
        instances,
        'an instance that is frozen beyond its lease and thaws: the standby goes on, and it stores nothing more, into $name',
      ),
      ...tests(lanes, SHARES),
      ...tests(
        'test/engine/share.property.unit.test.ts',
        'whoever is frozen, cut off, killed or stopped, and whenever: only the last to take a lane writes it, and in the end all have their shares',
      ),
    ],
  },
  stopped: {
    outcome: 'handed over',
    promise: 'A leader that is told to stop gives its lease back, and the standby leads.',
    proofs: [...tests(standby, LEADER), ...tests(lanes, SHARES)],
  },
  access: {
    outcome: 'waits',
    promise:
      'The right to the table of leases is taken from leader and standby in the middle: the lease lapses, both wait, and one goes on when the right is given back.',
    proofs: tests(standby, STRUCK),
  },
  memory: { none: 'Rows have no part in it.' },
}
