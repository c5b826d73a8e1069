import { type Part, tests } from './faults.js'

const killed = 'test/faults/check-kill.int.test.ts'
const database = 'test/faults/check-database.waits.test.ts'
const engines = 'test/flows/check/faults.int.test.ts'
const tables = 'test/flows/check-tables-faults.int.test.ts'
const references = 'test/flows/references/live.int.test.ts'
const altered = 'test/flows/check/altered.int.test.ts'

/** Of tables (`check.tables`) and of stored numbers (`check.references`), in PostgreSQL and MariaDB. */
export const CHECK: Part = {
  toolKilled: {
    outcome: 'same verdict',
    promise: 'Resumed, it comes to the verdict and the counts of a run that was not killed.',
    proofs: tests(killed, 'comes to the same verdict and counts when it is resumed'),
  },
  databaseKilled: {
    outcome: 'right or unverified',
    promise:
      'In the middle of its reading: red health and no verdict; when the server is back the right verdict, each difference told once. When it does not come back: `unverified`, never `same`.',
    proofs: [
      ...tests(
        database,
        'is killed with -9 in the middle, and comes back: the right verdict, each difference told once',
      ),
      ...tests(tables, 'says unverified, never same, when a server goes away for good'),
      ...tests(references, 'says unverified, never same, when a server goes away for good, also between the two looks'),
    ],
  },
  brokerKilled: { none: 'There is no broker.' },
  connectionsKilled: {
    outcome: 'right verdict',
    promise: 'The right verdict, nothing counted or told twice.',
    proofs: [
      ...tests(tables, 'gives the right verdict though its connections are cut, and counts nothing twice'),
      ...tests(engines, 'gives the right verdict though connections of both servers are killed under it'),
      ...tests(
        references,
        'goes on from where it was when connections are cut, counts nothing twice and tells nothing wrong',
      ),
    ],
  },
  silence: {
    outcome: 'right or unverified',
    promise:
      'A server that is frozen, or at the end of a half-open link, in the middle of the reading: red health and no verdict, and the right one when it answers again. When it does not: `unverified`, never `same`.',
    proofs: [
      ...tests(
        database,
        'is frozen in the middle, and thaws: the same',
        'is at the end of a half-open link, which heals: the same',
      ),
      ...tests(engines, 'says unverified, never same, of a server %s'),
    ],
  },
  slowLink: {
    outcome: 'right verdict',
    promise: 'It finds what differs and nothing else.',
    proofs: tests('test/flows/check/ranges.int.test.ts', 'is the same over a slow line of 1 Mbit, 200 ms away'),
  },
  diskFull: {
    outcome: 'verdict stands',
    promise:
      'A check writes nothing to what it reads. Where its history cannot be written it says so, and the verdict is what it is.',
    proofs: [
      ...tests('test/flows/check/history.unit.test.ts', 'is a notice, and the verdict is what it is'),
      ...tests(
        'test/cli/check-history.int.test.ts',
        'does not change the verdict when it cannot be written, and says so',
      ),
    ],
    open: 'a database that has no room for the temporary files of a sort that a check asks for.',
  },
  poison: {
    outcome: 'told by key',
    promise:
      'Every planted difference, of each kind and engine, is told by its key, and nothing else; values that only look alike or different are told apart.',
    proofs: [
      ...tests(
        'test/flows/check/engines.int.test.ts',
        '%s and %s: equal tables are the same, and each planted difference is found',
        'tells zero dates from every other date',
      ),
      ...tests(
        'test/flows/references/engines.int.test.ts',
        'with faults of every kind: all are found, and nothing else',
      ),
    ],
  },
  disorder: { none: 'A check reads tables.' },
  altered: {
    outcome: 'no verdict',
    promise:
      'It stops with `schema-changed`, names the column and gives no verdict, also where the digests are still equal.',
    proofs: [
      ...tests(
        altered,
        'two tables of PostgreSQL get no verdict when a type is changed under them, though all rows still have equal digests',
        'nor do tables of two engines, nor stored numbers',
      ),
      ...tests(engines, 'stops, and gives no verdict, when a column is dropped under it'),
    ],
  },
  openTransaction: {
    outcome: 'no false finding',
    promise:
      'Tables that are written all the time, one side a little later, are never said to differ; a fault among them is still found; a row that changes at every look is `unstable`, by name.',
    proofs: [
      ...tests(
        tables,
        'reports no difference between tables that are being written all the time, the right one a little later',
      ),
      ...tests(engines, 'are never reported to differ'),
      ...tests(references, 'reports the fault and nothing else while references and numbers are written all the time'),
      ...tests('src/compare/compare.unit.test.ts', 'calls a row unstable that differs in another way each time'),
    ],
  },
  twoInstances: { none: 'Checks only read: any number may run.' },
  stopped: {
    outcome: 'unverified, resumable',
    promise:
      'It ends as `unverified` with exit code 3, never `same`, and leaves nothing running; `--resume` goes on where it was.',
    proofs: [
      ...tests(engines, 'is unverified when it is asked to end, and leaves nothing running'),
      ...tests('test/cli/run.int.test.ts', 'a check that was stopped before it had a verdict does not say same'),
      ...tests(killed, 'comes to the same verdict and counts when it is resumed'),
    ],
  },
  access: {
    outcome: 'refused by name',
    promise:
      'A right that is missing at the start or revoked in the middle: refused by name with the GRANT to give, and no verdict. A login that is refused in the middle: `unverified`. What `lockstep grants` prints is enough, and nothing of it can be left out.',
    proofs: [
      ...tests(
        database,
        'takes the right to read away in the middle: refused by name, with the GRANT, and no verdict',
        'refuses its login in the middle: unverified, never same',
      ),
      ...tests(engines, 'is named by a ConfigError, with the GRANT to give'),
      ...tests(
        'test/flows/check/grants.int.test.ts',
        'is enough to compare tables and to recount numbers, and what is missing is named as a GRANT',
      ),
    ],
  },
  memory: {
    outcome: 'holds',
    promise: 'Below 256 MB with rows of 10 MB on both sides, also when one side is frozen while they are fetched.',
    proofs: tests(
      'test/faults/check-large-rows.int.test.ts',
      'check of rows of 10 MB stays below 256 MB, also where they are compressed to nothing',
      'and holds while one side is frozen in the middle of them',
    ),
  },
}
