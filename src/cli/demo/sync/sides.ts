/** Something that both databases of a scene have. */
export interface Sides<Value> {
  readonly left: Value
  readonly right: Value
}
