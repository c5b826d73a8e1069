import { type Part, tests } from './faults.js'

const database = 'test/faults/feed-database.waits.test.ts'
const faults = 'test/flows/feed/feed-faults.int.test.ts'
const stores = 'test/flows/feed/feed-stores.int.test.ts'

/** To a folder, S3, Google Cloud Storage, Azure and SFTP. */
export const FEED: Part = {
  toolKilled: {
    outcome: 'all or nothing',
    promise:
      'Somebody who reads all the time has one whole feed of one moment at every moment, and never an older one than before; what killed runs left is swept, and the next run sends only what they had not.',
    proofs: [
      ...tests(
        'test/flows/feed/feed-kill.int.test.ts',
        'is whole for every reader at every moment, and what they left is swept',
      ),
      ...tests(
        'test/flows/feed/feed-kill-s3.int.test.ts',
        'is whole for every reader at every moment, and what they left is swept',
      ),
      ...tests(
        'test/flows/feed/feed-resume.int.test.ts',
        'sends only what the killed one had not, where the rows are still the same',
        'sends those files again in which rows are others, or stand elsewhere',
      ),
      ...tests(stores, 'has what was finished from the store itself, and the rest alone is sent'),
    ],
  },
  databaseKilled: {
    outcome: 'all or nothing',
    promise:
      'Red health, the feed that was there stays, and when the server is back the new one is published whole, of one moment.',
    proofs: tests(database, 'is killed with -9 in the middle, and comes back: published whole, of one moment'),
  },
  brokerKilled: {
    outcome: 'all or nothing',
    promise:
      'Three of ten requests fail, are lost or are done without an answer: each feed is published once and whole, and nothing is left over. A bucket that is not there, or refuses, is said by name. Files that came to harm are not published, and are found later.',
    proofs: [
      ...tests(
        stores,
        'is published whole although three of ten requests fail, are lost, or are done without an answer',
        'is published whole to $name, and nothing is left over',
        'is not published to a bucket that is not there, or that refuses',
      ),
      ...tests(
        faults,
        'publishes nothing when what it wrote reads back damaged',
        'leaves the files of a manifest that may still come, and the feed is whole when it comes',
        'finds every cut of a file of $what, and no fault in a whole one',
      ),
    ],
  },
  connectionsKilled: {
    outcome: 'all or nothing',
    promise: 'It begins again from a new snapshot; the feed that was there stays until the new one is whole.',
    proofs: [
      ...tests(database, 'loses its connections again and again: published whole'),
      ...tests(faults, 'waits for a connection that is lost, and begins again from a new snapshot'),
      ...tests(
        'test/flows/feed/feed-reading.int.test.ts',
        'fail together when one of them is cut off, and leave the feed that was there',
      ),
    ],
  },
  silence: {
    outcome: 'waits',
    promise:
      'A database that is frozen in the middle: red health, the feed that was there stays, and the new one is whole when it thaws. A store that is away is told long before it is given up.',
    proofs: [
      ...tests(database, 'is frozen in the middle: says so, and is published whole when it thaws'),
      ...tests(
        'test/flows/feed/feed-away.int.test.ts',
        'says what it waits for while its store is away, long before the store gives up',
      ),
      ...tests('test/adapters/objects/sftp.int.test.ts', 'gives up on a server that does not answer'),
    ],
  },
  slowLink: {
    outcome: 'published whole',
    promise: 'The feed is published whole.',
    proofs: tests(database, 'is behind 200 ms and 1 Mbit/s: published whole'),
  },
  diskFull: {
    outcome: 'no manifest',
    promise:
      'It fails with `store-full`, leaves no manifest and no files, the feed before is as it was, and the next one is published once there is room.',
    proofs: tests(faults, 'fails loudly on a full disk, leaves no manifest and no files, and the old feed as it was'),
  },
  poison: {
    outcome: 'counted',
    promise:
      'Rows that are refused are counted by reason and kept apart with their keys, the rest is published; when there are too many, nothing is, and the feed before stays.',
    proofs: [
      ...tests(
        'test/flows/feed/feed.int.test.ts',
        'counts rejected rows, keeps their keys apart, and publishes the rest',
        'publishes nothing when too many rows are rejected',
        'refuses to publish a feed that has lost too many rows, and leaves the old one',
      ),
      ...tests(
        'test/flows/feed/actions-center.int.test.ts',
        'publishes nothing when too many entities are wrong, says which, and leaves the old feed as it was',
      ),
    ],
  },
  disorder: { none: 'A feed reads tables.' },
  altered: {
    outcome: 'one or the other',
    promise: 'It is whole, with the table as it was when the snapshot was taken.',
    proofs: tests(database, 'has its table altered while it is read: of before, or of after, and whole'),
  },
  openTransaction: {
    outcome: 'one moment',
    promise:
      'Whatever is inserted, moved, changed and deleted meanwhile, a feed has exactly the rows of one moment. Incremental feeds have the rows of transactions that were slow: all of them together are the table.',
    proofs: [
      ...tests(
        'test/flows/feed/feed-snapshot.int.test.ts',
        'gives exactly one snapshot, whatever is inserted, moved, changed and deleted meanwhile',
      ),
      ...tests(
        'test/flows/feed/feed-increment.int.test.ts',
        'has the rows of transactions that were slow, wherever their versions stand',
        'loses no row of hostile writers: all feeds together are the table',
      ),
    ],
  },
  twoInstances: {
    outcome: 'one manifest',
    promise:
      'Of several exporters of one feed one publishes, and the others publish nothing and leave nothing, in every kind of store; also one that stands still in the middle until another has published, and then goes on.',
    proofs: [
      ...tests(
        'test/flows/feed/feed-snapshot.int.test.ts',
        'publish one manifest between them; the others publish nothing and leave nothing',
        'publish one manifest, though one is frozen in the middle and goes on when the other has published',
      ),
      ...tests(stores, 'is whole whenever somebody reads, is verified, and is made once by two exporters'),
    ],
  },
  stopped: {
    outcome: 'all or nothing',
    promise: 'It ends at once and leaves nothing of what it had begun.',
    proofs: tests('test/flows/feed/feed.int.test.ts', 'ends at once when it is drained, and leaves nothing'),
  },
  access: {
    outcome: 'refused by name',
    promise:
      'A right that is revoked or a login that is refused in the middle of a run fails it by name, and the feed that was there stays. What stores refuse has a code each, and says what to do.',
    proofs: [
      ...tests(database, '$what in the middle: refused by name, and the feed that was there stays'),
      ...tests('test/adapters/objects/refusals.int.test.ts', '$store: $doing is $code and says $says'),
      ...tests(
        'test/adapters/objects/sftp.int.test.ts',
        'sends nothing to a server that it does not know, and says which key that has shown',
      ),
    ],
  },
  memory: {
    outcome: 'holds',
    promise:
      'A store that stands still in the middle of rows of 10 MB: the process stays below 256 MB and waits, and the feed is whole when the store goes on.',
    proofs: tests(
      'test/faults/feed-memory.waits.test.ts',
      'a feed of rows of 10 MB whose store stands still stays below 256 MB, and is whole when it goes on',
    ),
  },
}
