import type { ClusterInfo } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js'
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js'
import type { SupportedMethods } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js'
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js'
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js'

/** Clients compare it with the versions in which a feature came. */
const VERSION = '24.10.0-double'

const GROUPS = 'event_store.client.persistent_subscriptions.PersistentSubscriptions'
const STREAMS = 'event_store.client.streams.Streams'

const METHODS: readonly (readonly [service: string, method: string, features: readonly string[]])[] = [
  [STREAMS, 'read', ['position', 'events']],
  [STREAMS, 'append', []],
  [STREAMS, 'batchappend', []],
  [STREAMS, 'delete', []],
  [STREAMS, 'tombstone', []],
  [GROUPS, 'create', ['stream', 'all']],
  [GROUPS, 'update', ['stream', 'all']],
  [GROUPS, 'delete', ['stream', 'all']],
  [GROUPS, 'read', ['stream', 'all']],
  [GROUPS, 'getinfo', ['stream', 'all']],
  [GROUPS, 'replayparked', ['stream', 'all']],
]

/** `ServerFeatures.GetSupportedMethods`. */
export function supportedMethods(): SupportedMethods {
  const supported = new features.SupportedMethods()
  supported.setEventStoreServerVersion(VERSION)
  for (const [service, name, list] of METHODS) {
    const method = new features.SupportedMethod()
    method.setServiceName(service)
    method.setMethodName(name)
    method.setFeaturesList([...list])
    supported.addMethods(method)
  }
  return supported
}

/** `Gossip.Read`: this one node, which leads. */
export function clusterInfo(port: number): ClusterInfo {
  const endPoint = new gossip.EndPoint()
  endPoint.setAddress('127.0.0.1')
  endPoint.setPort(port)
  const id = new shared.UUID()
  id.setString('00000000-0000-4000-8000-000000000001')
  const member = new gossip.MemberInfo()
  member.setInstanceId(id)
  member.setTimeStamp(String(Date.now()))
  member.setState(gossip.MemberInfo.VNodeState.LEADER)
  member.setIsAlive(true)
  member.setHttpEndPoint(endPoint)
  const info = new gossip.ClusterInfo()
  info.setMembersList([member])
  return info
}
