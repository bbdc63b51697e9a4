/// Linux's values of C enumerations, which belong to the module Glibc or to CCurl, by the order in which the two are built.
enum SocketConstants {
    static let stream: Int32 = 1
    static let closeOnExec: Int32 = 0o2000000
}
