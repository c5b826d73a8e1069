// Makes S3_BUCKET at S3_ENDPOINT, and tries for a minute while the store starts. Done when it is there.
import { setTimeout as delay } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

const { S3_BUCKET, S3_ENDPOINT } = process.env
const client = new S3Client({ endpoint: S3_ENDPOINT, forcePathStyle: true })
for (let left = 30; ; left--) {
  try {
    await client.send(new CreateBucketCommand({ Bucket: S3_BUCKET }))
    break
  } catch (error) {
    if (error.name === 'BucketAlreadyOwnedByYou') break
    if (left === 0) throw error
    await delay(2_000)
  }
}
