/** The faults, in the order of the page: what happens, and how a test makes it happen. */
export const FAULTS = {
  toolKilled: {
    title: 'The tool is killed',
    how: '`kill -9` of the process: of `ingest`, `sync` and `feed` at every failpoint of the source (before and after each commit, file, manifest, checkpoint), of `ingest` and `sync` also at random times; of `check` where it has kept what was done.',
  },
  databaseKilled: {
    title: 'A database is killed',
    how: '`kill -9` of the server and all its processes under load, also while a COMMIT is under way; started again, with its disk as the crash left it.',
  },
  brokerKilled: {
    title: 'A broker or a store fails',
    how: 'The broker is killed and started again; requests to a store are refused, lost, or done without an answer.',
  },
  connectionsKilled: {
    title: 'Connections are lost again and again',
    how: 'The server ends them (`pg_terminate_backend`, `KILL`), or a proxy resets them.',
  },
  silence: {
    title: 'A link or a peer falls silent',
    how: 'A proxy that holds what passes, in both directions or in one (half-open), and a server that is stopped (SIGSTOP): nothing closes, nothing answers.',
  },
  slowLink: {
    title: 'The link is slow',
    how: 'A proxy with 100 to 200 ms in each direction and 1 Mbit/s.',
  },
  diskFull: {
    title: 'The disk of the target is full',
    how: 'A file system (tmpfs) of a few megabytes that is filled up.',
  },
  poison: {
    title: 'Some rows cannot be stored',
    how: 'Rows or messages that the schema, the table or the map refuses: 0.1 % of them to all.',
  },
  disorder: {
    title: 'Messages come twice, late, in any order',
    how: 'A broker that shuffles and doubles; writers on several sides of one key.',
  },
  altered: {
    title: 'A table is altered meanwhile',
    how: '`ALTER TABLE` beside the running flow: columns come, go, are renamed, get another type.',
  },
  openTransaction: {
    title: 'A transaction stays open, rows change all the time',
    how: 'Sessions that hold rows or transactions for as long as the flow runs, in its own database and in another one; writers that never pause.',
  },
  twoInstances: {
    title: 'Two instances run at once, one is frozen and wakes up',
    how: 'Two processes of one flow; SIGSTOP for longer than a lease, then SIGCONT.',
  },
  stopped: {
    title: 'It is told to stop',
    how: 'SIGTERM in the middle of the work, and a second one.',
  },
  access: {
    title: 'Access is taken away',
    how: 'The password is changed, a right revoked, the login refused, the authority of the certificate another one, TLS switched off - at the start and in the middle of a run.',
  },
  memory: {
    title: 'Rows of 10 MB in 256 MB, and a target that is frozen',
    how: 'The process with the settings of the [guide for containers](guides/deploy.md), its peak (`VmHWM`) read from the kernel.',
  },
} as const

export type FaultId = keyof typeof FAULTS

/** What is struck, in the order of the page. */
export const PARTS = {
  ingest: 'ingest',
  sync: 'sync',
  feed: 'feed',
  check: 'check',
  shared: 'work shared out',
  leases: 'leases and lanes',
} as const

export type PartId = keyof typeof PARTS

/** A test, by its file and the title as it is written there. */
export interface Proof {
  readonly file: string
  /** With `…` for what a template fills in; `%s` and `$name` of a test that runs several times stay. */
  readonly title: string
}

export type Cell =
  /** `outcome`: two or three words. `promise`: what the tests assert, no more. */
  | { readonly outcome: string; readonly promise: string; readonly proofs: readonly Proof[]; readonly open?: string }
  /** It cannot strike here. */
  | { readonly none: string }
  /** It can, and no test shows what happens then. */
  | { readonly open: string }

/** Every fault, so that a cell that is forgotten does not compile. */
export type Part = Readonly<Record<FaultId, Cell>>

/** The tests of one file. */
export function tests(file: string, ...titles: readonly string[]): readonly Proof[] {
  return titles.map((title) => ({ file, title }))
}
