import { CHECK } from './check.js'
import { FEED } from './feed.js'
import { INGEST } from './ingest.js'
import { LEASES } from './leases.js'
import type { Matrix } from './page.js'
import { SYNC } from './sync.js'
import { WORKERS } from './workers.js'

export const MATRIX: Matrix = { ingest: INGEST, sync: SYNC, feed: FEED, check: CHECK, shared: WORKERS, leases: LEASES }
