import CCurl
import Glibc

// The functions that libcurl calls on the loop's thread. They capture nothing; the transfer comes as their context.

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
}

let receiveHeader: curl_write_callback = { bytes, size, count, context in
    let length = size * count
    guard let transfer = transfer(context), let bytes else { return 0 }
    return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
}

/// Anything but `length` ends the transfer. An empty piece is answered by 0, which is right.
let receiveBody: curl_write_callback = { bytes, size, count, context in
    let length = size * count
    guard let transfer = transfer(context), let bytes else { return 0 }
    return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
}

let openSocket: curl_opensocket_callback = { context, purpose, address in
    guard let transfer = transfer(context), let address, purpose == CURLSOCKTYPE_IPCXN, transfer.permitsConnection(to: IPAddress(address))
    else {
        return pao_socket_bad
    }
    return openedSocket(address)
}

func openedSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    let target = address.pointee
    return socket(target.family, target.socktype | pao_socket_close_on_exec, target.`protocol`)
}

extension IPAddress {
    /// The structure is cut off in its declaration: the address may be longer.
    init?(_ address: UnsafeMutablePointer<curl_sockaddr>) {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let place = UnsafeRawPointer(address).advanced(by: offset).assumingMemoryBound(to: sockaddr.self)
        self.init(place, length: Int(address.pointee.addrlen))
    }
}

let beforeWriting: curl_prereq_callback = { context, _, _, _, _ in
    transfer(context)?.permitsWriting() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
