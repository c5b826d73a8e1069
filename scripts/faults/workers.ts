import { type Part, tests } from './faults.js'

const checks = 'test/flows/check/distributed/distributed.int.test.ts'
const references = 'test/flows/references/distributed/distributed.waits.test.ts'
const feeds = 'test/flows/feed/distributed/distributed.waits.test.ts'
const queue = 'test/flows/check/distributed/queue.waits.test.ts'

const MIDDLE = 'is frozen in the middle, or has no room: the range is lost, and the result is that of one process'

const READERS =
  'The ranges are read over the same sessions as without workers; what cannot be read makes its range fail, which is tried again.'

/** Ranges of checks and feeds that `lockstep worker` processes take from a queue in PostgreSQL. */
export const WORKERS: Part = {
  toolKilled: {
    outcome: 'same result',
    promise:
      'Workers that are killed in the middle of a range, and a coordinator that is killed: the others, or the next one, come to what one process comes to. A feed is never mixed, and takes over the files that are still right.',
    proofs: [
      ...tests(
        checks,
        'comes to the same while workers are killed and frozen, and others come late',
        'goes on with what is left after its coordinator was killed, and says what was read at moments of its own',
      ),
      ...tests(
        references,
        'come to the same when a worker is killed in the middle of a range',
        'go on with what is left after their coordinator was killed',
      ),
      ...tests(
        feeds,
        'is one whole feed in a bucket while workers are killed and frozen',
        'takes the files of a coordinator that was killed where the rows are as before',
      ),
    ],
  },
  databaseKilled: {
    outcome: 'same result',
    promise:
      'The database of the queue is killed with ranges in the middle of being read, and comes back: workers and coordinator live on, and come to what one process comes to. A worker that is started while it is away waits for it.',
    proofs: tests(
      queue,
      'is killed with -9 in the middle, and comes back: the result is that of one process',
      'is away when a worker starts: it waits, says so once, and takes ranges as soon as it may; what waiting does not cure ends it',
    ),
  },
  brokerKilled: { none: 'The queue is a database.' },
  connectionsKilled: {
    outcome: 'same result',
    promise: 'The same when the server ends the connections to the queue again and again.',
    proofs: tests(queue, 'loses its connections again and again: the same'),
  },
  silence: {
    outcome: 'same result',
    promise:
      'A worker that is frozen loses its range to another, and finds so when it wakes up. When the server of the queue is frozen in the middle, workers give up their ranges, and the result is that of one process once it thaws.',
    proofs: [
      ...tests(queue, MIDDLE),
      ...tests(checks, 'comes to the same while workers are killed and frozen, and others come late'),
      ...tests(feeds, 'is one whole feed in a bucket while workers are killed and frozen'),
    ],
  },
  slowLink: { none: `Nothing of its own. ${READERS}` },
  diskFull: {
    outcome: 'same result',
    promise:
      'While the queue refuses to write for want of room workers lose their ranges; when there is room the result is that of one process. The refusal is made by a trigger on the table of ranges, with the code of the server. The store of a feed is as without workers.',
    proofs: tests(queue, MIDDLE),
  },
  poison: {
    outcome: 'fails by name',
    promise:
      'A range that fails each time is tried as often as the config says, then the run fails with `range-failed` and exit code 5, without a verdict; the feed before stays.',
    proofs: [
      ...tests(
        checks,
        'fails by name where a range fails each time, where no config fits, and where the tables are others',
      ),
      ...tests(
        references,
        'fail by name where a range fails each time, and where the tables are those of another database',
      ),
      ...tests(feeds, 'leaves the feed before when a range fails each time, and when it is stopped'),
    ],
  },
  disorder: { none: 'Ranges are read from tables.' },
  altered: {
    outcome: 'no verdict',
    promise:
      'A column is renamed while ranges are left to be read: the run fails by name, with exit code 2 and without a verdict, and the worker lives on.',
    proofs: tests(queue, 'a table that is altered while workers read it: refused by name and without a verdict'),
  },
  openTransaction: {
    outcome: 'one moment',
    promise:
      'Where rows come, go and move to other ranges before any is read, a feed has the rows of the moment it began; of a database that cannot share one, each range has its own, and a row that stays is there once. A check of tables that are written to finds what differs, and nothing else.',
    proofs: [
      ...tests(
        feeds,
        'has the rows of one process, of the moment when it began, with what was rejected',
        'has each range of one moment, and rows that stay exactly once; of a table at rest it has what SQL says',
      ),
      ...tests(checks, 'finds what differs, and nothing else, in tables with UUIDs that are written to all the while'),
    ],
  },
  twoInstances: {
    outcome: 'same result',
    promise:
      'With two workers and with four, late ones and a frozen one that wakes up: the result is that of one process.',
    proofs: tests(
      checks,
      'comes to what one process comes to, for equal and for different tables, with two workers and with four',
      'comes to the same while workers are killed and frozen, and others come late',
    ),
  },
  stopped: {
    outcome: 'given back',
    promise:
      'A worker gives back what it had, at once and without an attempt counted; a coordinator ends as `unverified` and is resumed with the ranges that are left.',
    proofs: [
      ...tests(
        checks,
        'gives back what a worker had that is told to stop, is cancelled, and goes on with the ranges that are left',
        'is done by a function of a cloud, which gives back what it has no time for',
      ),
      ...tests(feeds, 'leaves the feed before when a range fails each time, and when it is stopped'),
    ],
  },
  access: {
    outcome: 'refused by name',
    promise:
      'A worker whose config says otherwise, or whose tables are those of another database, does no range, and the run says so. Rights on the queue that are revoked in the middle: the run fails by name and without a verdict; the worker waits, and does the next run once they are given back.',
    proofs: [
      ...tests(
        checks,
        'fails by name where a range fails each time, where no config fits, and where the tables are others',
      ),
      ...tests(
        queue,
        'takes rights away in the middle: refused by name and without a verdict; workers live on, and are as good as before',
      ),
    ],
  },
  memory: { none: `Nothing of its own. ${READERS}` },
}
