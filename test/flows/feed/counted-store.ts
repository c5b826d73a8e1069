import type { ObjectStore } from '../../../src/core/object-store.js'

/** A store that counts what is sent to it, and does something when a file is read. */
export function counted(store: ObjectStore, onRead: (name: string) => Promise<void> = async () => undefined) {
  const sent = new Map<string, number>()
  const counting: ObjectStore = {
    ...passing(store),
    async create(name, options) {
      const writer = await store.create(name, options)
      return {
        write: (bytes) => {
          if (name.endsWith('.gz')) sent.set(name, (sent.get(name) ?? 0) + bytes.length)
          return writer.write(bytes)
        },
        commit: () => writer.commit(),
        abort: () => writer.abort(),
      }
    },
    async *read(name, signal) {
      await onRead(name)
      yield* store.read(name, signal)
    },
  }
  return { store: counting, sent }
}

/** A store whose exporter dies when so many files are finished: nothing is made any more, and nothing taken back. */
export function dying(store: ObjectStore, files: number): ObjectStore {
  let left = files
  const alive = (): void => {
    if (left <= 0) throw new Error('the exporter is dead')
  }
  return {
    ...passing(store),
    async create(name, options) {
      alive()
      const writer = await store.create(name, options)
      return {
        write: (bytes) => writer.write(bytes),
        commit: async () => {
          alive()
          await writer.commit()
          if (name.endsWith('.gz')) left -= 1
        },
        abort: async () => undefined,
      }
    },
    delete: async (names, signal) => {
      alive()
      await store.delete(names, signal)
    },
  }
}

function passing(store: ObjectStore): ObjectStore {
  return {
    system: store.system,
    label: store.label,
    ...(store.copier === undefined ? {} : { copier: store.copier }),
    create: (name, options) => store.create(name, options),
    read: (name, signal) => store.read(name, signal),
    list: (prefix, signal) => store.list(prefix, signal),
    delete: (names, signal) => store.delete(names, signal),
    sweep: (prefix, olderThanMs, signal) => store.sweep(prefix, olderThanMs, signal),
    diagnose: (signal) => store.diagnose(signal),
  }
}
