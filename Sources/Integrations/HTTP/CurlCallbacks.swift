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
    guard let transfer = transfer(context), let address, purpose == CURLSOCKTYPE_IPCXN,
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)
    else { return pao_socket_bad }
    let place = UnsafeRawPointer(address).advanced(by: offset).assumingMemoryBound(to: sockaddr.self)
    let target = address.pointee
    guard transfer.permitsConnection(to: place, length: Int(target.addrlen)) else { return pao_socket_bad }
    return socket(target.family, target.socktype | Int32(SOCK_CLOEXEC.rawValue), target.`protocol`)
}

let beforeWriting: curl_prereq_callback = { context, _, _, _, _ in
    transfer(context)?.permitsWriting() == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
