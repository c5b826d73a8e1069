import { fileURLToPath } from 'node:url'

/** The config of the feed `versions`, in small files. */
export const FEED_CONFIG = fileURLToPath(new URL('../../support/feed/lockstep.config.ts', import.meta.url))
