import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Answer, type Asked, type HttpDouble, startHttpDouble } from './http-double.js'

interface Stored {
  readonly bytes: Buffer
  readonly etag: string
  readonly modified: Date
  readonly headers: Readonly<Record<string, string>>
}

interface Upload {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly begun: Date
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>
}

/**
 * A double of S3 in memory, for what s3rver lacks: conditional writes, the list of unfinished uploads, checksums of what
 * comes. It is not S3: it looks at the key id but checks no signature, knows one bucket, and has no versions, no rights
 * beyond "refused", and no eventual anything.
 */
export async function startS3Double(bucket: string, keyId: string): Promise<HttpDouble> {
  const s3 = new S3Double(bucket, keyId)
  return startHttpDouble((asked) => s3.answer(asked), fault(503, 'SlowDown'))
}

class S3Double {
  readonly #objects = new Map<string, Stored>()
  readonly #uploads = new Map<string, Upload>()
  readonly #bucket: string
  readonly #keyId: string
  #uploadCount = 0

  constructor(bucket: string, keyId: string) {
    this.#bucket = bucket
    this.#keyId = keyId
  }

  answer(asked: Asked): Answer {
    const [, bucket = '', ...rest] = decodeURIComponent(asked.url.pathname).split('/')
    const key = rest.join('/')
    if (!String(asked.headers.authorization).includes(`Credential=${this.#keyId}/`))
      return fault(403, 'InvalidAccessKeyId')
    if (bucket === 'refused') return fault(403, 'AccessDenied')
    if (bucket !== this.#bucket) return fault(404, 'NoSuchBucket')
    const sum = asked.headers['x-amz-checksum-crc32']
    if (typeof sum === 'string' && sum !== crcOf(asked.body)) return fault(400, 'BadDigest')
    if (key === '') return asked.url.searchParams.has('uploads') ? this.#listUploads(asked) : this.#list(asked)
    if (asked.url.searchParams.has('uploads')) return this.#begin(key, asked)
    const id = asked.url.searchParams.get('uploadId')
    return id === null ? this.#object(key, asked) : this.#upload(id, asked)
  }

  #object(key: string, asked: Asked): Answer {
    if (asked.headers['x-amz-copy-source'] !== undefined) return this.#copy(key, asked)
    if (asked.method === 'PUT') return this.#put(key, asked.body, { asked, headers: keptOf(asked) })
    if (asked.method === 'DELETE') {
      this.#objects.delete(key)
      return { status: 204 }
    }
    const object = this.#objects.get(key)
    if (object === undefined) return asked.method === 'HEAD' ? { status: 404 } : fault(404, 'NoSuchKey')
    const wanted = asked.headers['if-match']
    if (wanted !== undefined && wanted !== object.etag) return fault(412, 'PreconditionFailed')
    const headers = { ...object.headers, etag: object.etag, 'last-modified': object.modified.toUTCString() }
    if (asked.method === 'HEAD')
      return { status: 200, headers: { ...headers, 'content-length': String(object.bytes.length) } }
    const from = /^bytes=(\d+)-$/.exec(asked.headers.range ?? '')?.[1]
    if (from === undefined) return { status: 200, headers, body: object.bytes }
    if (Number(from) >= object.bytes.length) return fault(416, 'InvalidRange')
    return { status: 206, headers, body: object.bytes.subarray(Number(from)) }
  }

  #put(key: string, bytes: Buffer, { asked, headers }: { asked: Asked; headers: Record<string, string> }): Answer {
    if (asked.headers['if-none-match'] === '*' && this.#objects.has(key)) return fault(412, 'PreconditionFailed')
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    this.#objects.set(key, { bytes, etag, modified: new Date(), headers })
    return { status: 200, headers: { etag } }
  }

  #copy(key: string, asked: Asked): Answer {
    const source = decodeURIComponent(String(asked.headers['x-amz-copy-source']))
    const object = this.#objects.get(source.slice(source.indexOf('/') + 1))
    if (object === undefined) return fault(404, 'NoSuchKey')
    const { status } = this.#put(key, object.bytes, { asked, headers: keptOf(asked) })
    return status === 200 ? xml('CopyObjectResult', `<ETag>${object.etag}</ETag>`) : fault(412, 'PreconditionFailed')
  }

  #begin(key: string, asked: Asked): Answer {
    const id = `upload-${++this.#uploadCount}`
    this.#uploads.set(id, { key, headers: keptOf(asked), begun: new Date(), parts: new Map() })
    return xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`)
  }

  #upload(id: string, asked: Asked): Answer {
    const upload = this.#uploads.get(id)
    if (upload === undefined) return fault(404, 'NoSuchUpload')
    if (asked.method === 'DELETE') {
      this.#uploads.delete(id)
      return { status: 204 }
    }
    if (asked.method === 'PUT') {
      const etag = `"${createHash('md5').update(asked.body).digest('hex')}"`
      upload.parts.set(Number(asked.url.searchParams.get('partNumber')), { bytes: asked.body, etag })
      return { status: 200, headers: { etag, 'x-amz-checksum-crc32': crcOf(asked.body) } }
    }
    return this.#complete(id, upload, asked)
  }

  #complete(id: string, upload: Upload, asked: Asked): Answer {
    const named = [...String(asked.body).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
    }))
    const parts = named.map(({ number, etag }) => ({ part: upload.parts.get(number), etag }))
    if (parts.some(({ part, etag }) => part === undefined || part.etag !== etag)) return fault(400, 'InvalidPart')
    if (parts.slice(0, -1).some(({ part }) => (part?.bytes.length ?? 0) < 5 * 1_048_576))
      return fault(400, 'EntityTooSmall')
    const bytes = Buffer.concat(parts.flatMap(({ part }) => (part === undefined ? [] : [part.bytes])))
    const answer = this.#put(upload.key, bytes, { asked, headers: { ...upload.headers } })
    if (answer.status !== 200) return answer
    this.#uploads.delete(id)
    return xml('CompleteMultipartUploadResult', `<Key>${upload.key}</Key>`)
  }

  #list({ url }: Asked): Answer {
    const prefix = url.searchParams.get('prefix') ?? ''
    const after = url.searchParams.get('continuation-token') ?? ''
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
    // Small pages, so that paging is met.
    const page = keys.slice(0, PAGE)
    const contents = page.map((key) => {
      const { bytes, etag, modified } = this.#objects.get(key) ?? { bytes: '', etag: '', modified: new Date() }
      return `<Contents><Key>${key}</Key><Size>${bytes.length}</Size><ETag>${etag}</ETag><LastModified>${modified.toISOString()}</LastModified></Contents>`
    })
    const more = keys.length > PAGE
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
    return xml('ListBucketResult', `<IsTruncated>${more}</IsTruncated>${next}${contents.join('')}`)
  }

  #listUploads({ url }: Asked): Answer {
    const prefix = url.searchParams.get('prefix') ?? ''
    const uploads = [...this.#uploads].filter(([, { key }]) => key.startsWith(prefix))
    const listed = uploads.map(
      ([id, { key, begun }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
    )
    return xml('ListMultipartUploadsResult', `<IsTruncated>false</IsTruncated>${listed.join('')}`)
  }
}

const PAGE = 3

function keptOf({ headers }: Asked): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      /^(x-amz-meta-|content-type$|content-encoding$)/.test(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}

function crcOf(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

function xml(root: string, content: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><${root}>${content}</${root}>`
  return { status: 200, headers: { 'content-type': 'application/xml' }, body }
}

function fault(status: number, code: string): Answer {
  return { ...xml('Error', `<Code>${code}</Code><Message>${code}</Message>`), status }
}
