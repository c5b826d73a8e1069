import { type handleUnaryCall, status } from '@grpc/grpc-js'
import type { Gate } from './gate.js'
import { RpcError } from './rpc-error.js'

/** Makes a unary call of a function; what it throws is the answer, too. */
export type Answer = <Request, Response>(work: (request: Request) => Response) => handleUnaryCall<Request, Response>

export function answering(gate: Gate): Answer {
  return (work) => (call, callback) =>
    gate.pass(() => {
      try {
        callback(null, work(call.request))
      } catch (error) {
        callback(error instanceof RpcError ? error : new RpcError(status.INTERNAL, String(error)))
      }
    })
}
