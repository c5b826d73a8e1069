import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { Env } from './example.js'

/** Where the example puts its files, seen without the product. */
export interface FacilitiesPlace {
  readonly env: Env
  names(folder: 'facilities' | 'rejected'): Promise<readonly string[]>
  bytes(folder: 'facilities' | 'rejected', name: string): Promise<Buffer>
}

export function folderPlace(path: string): FacilitiesPlace {
  return {
    env: { FEED_FOLDER: join(path, 'facilities'), REJECTED_FOLDER: join(path, 'rejected') },
    names: async (folder) => (await readdir(join(path, folder))).sort(),
    bytes: (folder, name) => readFile(join(path, folder, name)),
  }
}

export interface S3Place {
  readonly bucket: string
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export function s3Place({ bucket, endpoint, credentials }: S3Place): FacilitiesPlace {
  const region = 'eu-central-1'
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  return {
    env: {
      S3_ENDPOINT: endpoint,
      S3_BUCKET: bucket,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async names(folder) {
      const found: string[] = []
      let from: string | undefined
      do {
        const position = from === undefined ? {} : { ContinuationToken: from }
        const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${folder}/`, ...position }))
        found.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(folder.length + 1)))
        from = page.NextContinuationToken
      } while (from !== undefined)
      return found.sort()
    },
    async bytes(folder, name) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `${folder}/${name}` }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    },
  }
}
