import { createHash } from 'node:crypto'
import { type Answer, type Asked, type HttpDouble, startHttpDouble } from './http-double.js'

interface Resource {
  readonly name: string
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly md5Hash?: string
}

interface Stored {
  readonly bytes: Buffer
  readonly generation: string
  readonly resource: Resource
  readonly created: Date
  readonly md5: string
}

interface Session {
  readonly resource: Resource
  readonly onlyNew: boolean
  bytes: Buffer
  requests: number
  made: Stored | undefined
}

/** The parts of a resumable upload but the last are multiples of it. */
const UNIT = 262_144
const PAGE = 3

/**
 * A double of Google Cloud Storage in memory: the JSON API as the client speaks it, with generations, preconditions,
 * checksums, and resumable uploads that keep less than they were sent. It is not Google's: it looks at no credentials,
 * knows one bucket, has no rights beyond "refused" and "unauthorized", no versions, and no eventual anything.
 */
export async function startGcsDouble(bucket: string): Promise<HttpDouble & { damage(): void }> {
  const gcs = new GcsDouble(bucket)
  const double = await startHttpDouble((asked) => gcs.answer(asked), fault(503, 'backendError', 'try again'))
  return Object.assign(double, { damage: () => gcs.damageNext() })
}

class GcsDouble {
  readonly #objects = new Map<string, Stored>()
  readonly #sessions = new Map<string, Session>()
  readonly #bucket: string
  #count = 0
  #damages = false

  constructor(bucket: string) {
    this.#bucket = bucket
  }

  /** The next upload that ends is stored with a byte changed. */
  damageNext(): void {
    this.#damages = true
  }

  answer(asked: Asked): Answer {
    const [, uploads, bucket = '', key] =
      /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(asked.url.pathname) ?? []
    if (bucket === 'unauthorized') return fault(401, 'authError', 'Invalid Credentials')
    if (bucket === 'refused') return fault(403, 'forbidden', 'does not have storage.objects.create access')
    if (bucket !== this.#bucket) return fault(404, 'notFound', 'The specified bucket does not exist.')
    if (uploads !== undefined) return this.#upload(asked)
    const [, from, , to] = /^(.+)\/rewriteTo\/b\/([^/]+)\/o\/(.+)$/.exec(key ?? '') ?? []
    if (from !== undefined && to !== undefined)
      return this.#rewrite(decodeURIComponent(from), decodeURIComponent(to), asked)
    return key === undefined ? this.#list(asked) : this.#object(decodeURIComponent(key), asked)
  }

  #object(key: string, { method, url, headers }: Asked): Answer {
    const object = this.#objects.get(key)
    if (object === undefined) return fault(404, 'notFound', `No such object: ${this.#bucket}/${key}`)
    const wanted = url.searchParams.get('ifGenerationMatch')
    if (wanted !== null && wanted !== object.generation) return unmet()
    if (method === 'DELETE') {
      this.#objects.delete(key)
      return { status: 204 }
    }
    if (url.searchParams.get('alt') !== 'media') return json(200, describe(object))
    // As Google does, what is gzipped is unpacked for those who do not say that they can.
    if (object.resource.contentEncoding === 'gzip' && !String(headers['accept-encoding']).includes('gzip'))
      return fault(406, 'transcoded', 'this would be unpacked on the way')
    const stored = {
      'content-type': object.resource.contentType ?? 'application/octet-stream',
      ...(object.resource.contentEncoding === undefined ? {} : { 'content-encoding': object.resource.contentEncoding }),
      'x-goog-generation': object.generation,
      'x-goog-stored-content-length': String(object.bytes.length),
    }
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
    if (headers.range === undefined) return { status: 200, headers: stored, body: object.bytes }
    if (from >= object.bytes.length) return fault(416, 'requestedRangeNotSatisfiable', 'beyond the end')
    return { status: 206, headers: stored, body: object.bytes.subarray(from) }
  }

  /** Of large objects it says first that it is not done. */
  #rewrite(from: string, to: string, { url, body }: Asked): Answer {
    const object = this.#objects.get(from)
    if (object === undefined) return fault(404, 'notFound', `No such object: ${this.#bucket}/${from}`)
    const token = `${from}>${to}`
    if (object.bytes.length > 1_000_000 && url.searchParams.get('rewriteToken') !== token)
      return json(200, { kind: 'storage#rewriteResponse', done: false, rewriteToken: token })
    const made = this.#make({ ...JSON.parse(String(body)), name: to }, object.bytes, false)
    return json(200, { kind: 'storage#rewriteResponse', done: true, resource: JSON.parse(String(made.body)) })
  }

  #list({ url }: Asked): Answer {
    const prefix = url.searchParams.get('prefix') ?? ''
    const after = url.searchParams.get('pageToken') ?? ''
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
    // Small pages, so that paging is met.
    const page = keys.slice(0, PAGE)
    const items = page.flatMap((key) => {
      const object = this.#objects.get(key)
      return object === undefined ? [] : [describe(object)]
    })
    return json(200, {
      ...(items.length === 0 ? {} : { items }),
      ...(keys.length > PAGE ? { nextPageToken: page.at(-1) } : {}),
    })
  }

  #upload(asked: Asked): Answer {
    const id = asked.url.searchParams.get('upload_id')
    if (id !== null) return this.#session(id, asked)
    const onlyNew = asked.url.searchParams.get('ifGenerationMatch') === '0'
    if (asked.url.searchParams.get('uploadType') === 'multipart') {
      const { resource, bytes } = partsOf(asked)
      return this.#make(resource, bytes, onlyNew)
    }
    const resource: Resource = JSON.parse(String(asked.body))
    if (onlyNew && this.#objects.has(resource.name)) return unmet()
    const session = `session-${++this.#count}`
    this.#sessions.set(session, { resource, onlyNew, bytes: Buffer.alloc(0), requests: 0, made: undefined })
    const location = `http://${asked.headers.host}${asked.url.pathname}?uploadType=resumable&upload_id=${session}`
    return { status: 200, headers: { location } }
  }

  #session(id: string, { method, headers, body }: Asked): Answer {
    const session = this.#sessions.get(id)
    if (session === undefined) return fault(404, 'notFound', 'Not Found')
    if (method === 'DELETE') {
      this.#sessions.delete(id)
      return { status: 499 }
    }
    if (session.made !== undefined) return json(200, describe(session.made))
    const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    if (first !== undefined) {
      const from = Number(first)
      if (from > session.bytes.length) return fault(503, 'backendError', 'there is a gap before these bytes')
      if (body.length !== Number(last) - from + 1) return fault(400, 'invalid', 'another length than the range')
      const news = body.subarray(session.bytes.length - from)
      session.bytes = Buffer.concat([session.bytes, news.subarray(0, this.#taken(session, news.length, total))])
    }
    if (total !== String(session.bytes.length)) return goesOn(session)
    const answer = this.#make(session.resource, session.bytes, session.onlyNew)
    session.made = answer.status === 200 ? this.#objects.get(session.resource.name) : undefined
    return answer
  }

  /** Of the first part of an upload some is not kept, as Google may do. */
  #taken(session: Session, bytes: number, total: string | undefined): number {
    session.requests += 1
    if (total !== '*') return bytes
    const units = Math.floor(bytes / UNIT)
    return UNIT * (session.requests === 1 ? Math.ceil(units / 2) : units)
  }

  #make(resource: Resource, bytes: Buffer, onlyNew: boolean): Answer {
    if (onlyNew && this.#objects.has(resource.name)) return unmet()
    const md5 = createHash('md5').update(bytes).digest('base64')
    if (resource.md5Hash !== undefined && resource.md5Hash !== md5) return fault(400, 'invalid', 'another MD5')
    const generation = String(1_700_000_000_000_000 + ++this.#count)
    const damaged = this.#damages ? Buffer.concat([bytes.subarray(0, -1), Buffer.from([0])]) : bytes
    const sum = createHash('md5').update(damaged).digest('base64')
    this.#damages = false
    const object = { bytes: damaged, generation, resource, created: new Date(), md5: sum }
    this.#objects.set(resource.name, object)
    return json(200, describe(object))
  }
}

/** `multipart/related`: what is to be known of the object, and its bytes. */
function partsOf({ headers, body }: Asked): { resource: Resource; bytes: Buffer } {
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1] ?? ''
  const second = body.indexOf(`\r\n--${boundary}`)
  const head = body.subarray(body.indexOf('\r\n\r\n') + 4, second)
  const begin = body.indexOf('\r\n\r\n', second) + 4
  return {
    resource: JSON.parse(String(head)),
    bytes: body.subarray(begin, body.length - `\r\n--${boundary}--\r\n`.length),
  }
}

function describe({ resource, bytes, generation, created, md5 }: Stored) {
  return { ...resource, generation, size: String(bytes.length), timeCreated: created.toISOString(), md5Hash: md5 }
}

function goesOn({ bytes }: Session): Answer {
  return { status: 308, headers: bytes.length === 0 ? {} : { range: `bytes=0-${bytes.length - 1}` } }
}

function unmet(): Answer {
  return fault(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.')
}

function fault(code: number, reason: string, message: string): Answer {
  return json(code, { error: { code, message, errors: [{ reason, message, domain: 'global' }] } })
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(value) }
}
