import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'

interface StoredObject {
  readonly bucket: string
  readonly key: string
  readonly content: Buffer | Readable
  readonly metadata: object
}

/** What of s3rver's store is used here. */
export interface FileStore {
  getResourcePath(bucket: string, key: string, resource: 'object'): string
  putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>
  putObject(object: StoredObject): Promise<{ readonly size: number; readonly md5: string }>
  getObject(...about: readonly unknown[]): Promise<unknown>
}

/**
 * As S3 does and s3rver does not: an object is replaced once its last byte has come, and whoever opens it has one version
 * of it. s3rver writes into the file that others read.
 */
export function replaceAtOnce(store: FileStore): void {
  const { getObject } = store
  let last: Promise<unknown> = Promise.resolve()
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  store.getObject = (...about) => alone(() => getObject.apply(store, [...about]))
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.concat(await content.toArray())
    const md5 = createHash('md5').update(bytes).digest('hex')
    const path = store.getResourcePath(bucket, key, 'object')
    await alone(async () => {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(`${path}.new`, bytes)
      await rename(`${path}.new`, path)
      await store.putMetadata(bucket, key, metadata, md5)
    })
    return { size: bytes.length, md5 }
  }
}
