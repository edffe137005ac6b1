extension TableReader {
    func secretReference(_ key: String) -> SecretReference? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value.content else {
            mismatch(key, "a text that says where the secret is kept, like \"credential:NAME\"", value)
            return nil
        }
        do {
            return try SecretReference(parsing: text)
        } catch {
            context.faults.add(value.location, "`\(key)`: \(error.reason)")
            return nil
        }
    }

    func webAddress(_ key: String, plainToAnyHost: Bool = false) -> WebAddress? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value.content else {
            mismatch(key, "a URL in quotes", value)
            return nil
        }
        do {
            return try WebAddress(parsing: text, plainToAnyHost: plainToAnyHost)
        } catch {
            context.faults.add(value.location, "`\(key)` \(error.reason)")
            return nil
        }
    }

    func sid(_ key: String, prefix: String, called name: String) -> String? {
        string(key) { text in
            TwilioSID.isWellFormed(text, prefix: prefix)
                ? nil : "is no \(name): `\(prefix)` and 32 hexadecimal digits in lower case"
        }
    }

    /// Never relative: a service's working directory is nobody's business.
    func absolutePath(_ key: String) -> String? {
        string(key) { $0.hasPrefix("/") ? nil : "must be an absolute path, beginning with /" }
    }

    /// A label of the user's own: it names things in messages, metrics and paths.
    func label(_ key: String) -> String? {
        string(key) { text in
            if text.utf8.count > 64 { return "is longer than 64 bytes" }
            return text.hasPrefix(" ") || text.hasSuffix(" ") ? "begins or ends with a space" : nil
        }
    }

    func globs(_ key: String) -> [Glob]? {
        strings(key)?.compactMap { text, location in
            if text.hasPrefix("!") {
                context.faults.add(location, "`\(key)`: `!` has no meaning here; use `exclude_\(key)` for exceptions")
                return nil
            }
            return glob(text, in: key, at: location)
        }
    }

    /// Patterns of which those with a leading `!` exclude.
    func globSelection(_ key: String) -> GlobSelection? {
        guard let patterns = strings(key) else { return nil }
        if patterns.isEmpty, has(key) {
            fault(key, "`\(key)` selects nothing; write [\"*\"] for everything")
        }
        var include: [Glob] = []
        var exclude: [Glob] = []
        for (text, location) in patterns {
            if text.hasPrefix("!") {
                if let glob = glob(String(text.dropFirst()), in: key, at: location) { exclude.append(glob) }
            } else if let glob = glob(text, in: key, at: location) {
                include.append(glob)
            }
        }
        // "Everything" has one spelling, so that equal selections are equal values.
        return GlobSelection(include: include.contains { $0.pattern == "*" } ? [] : include, exclude: exclude)
    }

    private func glob(_ text: String, in key: String, at location: SourceLocation) -> Glob? {
        do {
            return try Glob(checking: text)
        } catch {
            context.faults.add(location, "`\(key)`: the pattern \(text.quoted) \(error.reason)")
            return nil
        }
    }

    /// Refuses an option that this version does not have yet.
    func requires(_ feature: Capabilities.Feature, for key: String) {
        if !context.capabilities.features.contains(feature) {
            fault(key, "\(feature.rawValue) is not available in this version; leave it out")
        }
    }
}
