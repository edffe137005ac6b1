import CCurl

/// An easy handle with what must live as long as it does. Used by the loop's thread only; freed in `deinit`, after it left the multi.
final class CurlHandle {
    let raw: UnsafeMutableRawPointer
    /// libcurl writes its reason here, at most `CURL_ERROR_SIZE` bytes, for as long as the handle is at work.
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// libcurl keeps only a pointer to the list.
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?

    /// Nil if libcurl has no memory.
    init?() {
        guard let raw = curl_easy_init() else { return nil }
        self.raw = raw
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorText.deallocate()
    }

    /// Forgets the last request: no credential or option of it can reach the next one.
    func reset() {
        curl_easy_reset(raw)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        headerList = nil
        connectList = nil
        errorText[0] = 0
    }

    var errorMessage: String { String(cString: errorText) }

    func number(_ info: CURLINFO) -> Int {
        var value = 0
        ccurl_easy_getinfo_long(raw, info, &value)
        return value
    }

    func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        ccurl_easy_getinfo_offset(raw, info, &value)
        return Int(value)
    }

    func string(_ info: CURLINFO) -> String {
        var value: UnsafePointer<CChar>?
        ccurl_easy_getinfo_string(raw, info, &value)
        return value.map { String(cString: $0) } ?? ""
    }

    // MARK: Options

    struct OptionRefused: Error {
        let code: CURLcode
        let option: CURLoption
    }

    func set(_ option: CURLoption, _ value: Int) throws(OptionRefused) {
        try check(ccurl_easy_setopt_long(raw, option, value), option)
    }

    func set(_ option: CURLoption, _ value: Bool) throws(OptionRefused) {
        try set(option, value ? 1 : 0)
    }

    func set(_ option: CURLoption, offset value: Int) throws(OptionRefused) {
        try check(ccurl_easy_setopt_offset(raw, option, curl_off_t(value)), option)
    }

    func set(_ option: CURLoption, _ value: String?) throws(OptionRefused) {
        try check(ccurl_easy_setopt_string(raw, option, value), option)
    }

    /// Sends a body of `size` bytes, for which libcurl asks piece by piece: it is not copied as a whole. `begin` is
    /// called before each attempt: libcurl 7.88 does not seek where it had taken bytes but sent none. `context` is handed
    /// to all callbacks, unretained, as in `setReceivers`.
    func setBody(
        size: Int, begin: @escaping curl_prereq_callback, read: @escaping curl_read_callback,
        seek: @escaping curl_seek_callback, context: UnsafeMutableRawPointer
    ) throws(OptionRefused) {
        try check(ccurl_easy_setopt_prereq(raw, CURLOPT_PREREQFUNCTION, begin), CURLOPT_PREREQFUNCTION)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_PREREQDATA, context), CURLOPT_PREREQDATA)
        try set(CURLOPT_POSTFIELDSIZE_LARGE, offset: size)
        try check(ccurl_easy_setopt_read(raw, CURLOPT_READFUNCTION, read), CURLOPT_READFUNCTION)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_READDATA, context), CURLOPT_READDATA)
        try check(ccurl_easy_setopt_seek(raw, CURLOPT_SEEKFUNCTION, seek), CURLOPT_SEEKFUNCTION)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_SEEKDATA, context), CURLOPT_SEEKDATA)
    }

    func setHeaders(_ lines: [String]) throws(OptionRefused) {
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else {
                throw OptionRefused(code: CURLE_OUT_OF_MEMORY, option: CURLOPT_HTTPHEADER)
            }
            headerList = longer
        }
        try check(ccurl_easy_setopt_list(raw, CURLOPT_HTTPHEADER, headerList), CURLOPT_HTTPHEADER)
    }

    /// Connects to this host and port, whatever the URL says.
    func setConnectTo(_ authority: String) throws(OptionRefused) {
        guard let list = curl_slist_append(nil, "::\(authority)") else {
            throw OptionRefused(code: CURLE_OUT_OF_MEMORY, option: CURLOPT_CONNECT_TO)
        }
        connectList = list
        try check(ccurl_easy_setopt_list(raw, CURLOPT_CONNECT_TO, list), CURLOPT_CONNECT_TO)
    }

    /// `context` is handed to both callbacks, unretained: the loop keeps the transfer alive until the handle has left the multi.
    func setReceivers(
        header: @escaping curl_write_callback, body: @escaping curl_write_callback, context: UnsafeMutableRawPointer
    ) throws(OptionRefused) {
        try check(ccurl_easy_setopt_write(raw, CURLOPT_HEADERFUNCTION, header), CURLOPT_HEADERFUNCTION)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_HEADERDATA, context), CURLOPT_HEADERDATA)
        try check(ccurl_easy_setopt_write(raw, CURLOPT_WRITEFUNCTION, body), CURLOPT_WRITEFUNCTION)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_WRITEDATA, context), CURLOPT_WRITEDATA)
        try check(ccurl_easy_setopt_pointer(raw, CURLOPT_ERRORBUFFER, errorText), CURLOPT_ERRORBUFFER)
    }

    func check(_ code: CURLcode, _ option: CURLoption) throws(OptionRefused) {
        guard code == CURLE_OK else { throw OptionRefused(code: code, option: option) }
    }
}
