/// What a line of the log tells, for who searches for it or wants it explained: the journal's MESSAGE_ID
/// (systemd.journal-fields(7)). `packaging/systemd/twilship.catalog` explains each.
///
/// A line says its kind as the fact ``key``. Ids are for ever: a kind that is told no more keeps its own, a new one gets
/// a new one (`journalctl --new-id128`).
package enum LogKind: String, Sendable, CaseIterable {
    case started = "1e796bf1a57641feb03c2e10a4ca378d"
    case stopping = "0be80f637187401bab055aee787f2dea"
    case stopped = "10b8fa50272648809fe961caa158d34e"
    case stoppedLate = "9157180f5e7d4f4892f24ee590d62788"
    case cannotStart = "f8b062c755aa4583b8aecd9cdc6f80fe"
    case configurationRefused = "3ba16c9105504a4e8aaf3d7ae056c931"
    case reloaded = "341d966f64ea4c0da65e1ee83b5fcb7c"
    case reloadRefused = "6c0e1f4a9d0b4f6fb2f3a1c85d7e4790"
    case reloadFault = "b55da472d994439babf6d8fcab84514e"
    case reloadNeedsRestart = "a2b85f0137c84e5c8f2d94e6b1c07d3a"
    case reloadIncomplete = "e47d9316c5fa4b0e93a8d20b6f71c5e8"
    case summary = "3013493bce21440c8b34c49534b7efcc"
    case stalled = "261c2163ef13445284694d77d914db69"
    case movesAgain = "6913b53973cd4b96a5ba23e5f55a97f0"
    case commandTaken = "eedf173763d9496d8284738d8652ca90"
    case commandsUnavailable = "53da0de74ef5462abac8aff3a8cd68d7"
    case controlNotice = "3e77b0cae0c2484786fa4905f6b92183"
    case metricsUnavailable = "82fce716d49a42cc8d97ff30d3a54e0a"
    case metricsAvailable = "e49f6727d0c74e31b3741690efbb099b"
    case stateNotSaved = "b0bbe45968da4c998f8742a078a5e2aa"
    case stateSavedAgain = "cef5e6c562e044f5936afff5fcc251ee"
    case announcementFailed = "0ac027f4e126434abbebe035931271f0"
    case heartbeatsLeftOut = "143ca28c3bbd4e7f815962e61840a2bd"
    case collectionFails = "e926ea4165714f218ad2569328258ffe"
    case collectionRecovered = "eb13c1531f1844d1ab9fc5f4c8bf8836"
    case credentialRefused = "36b9e27d239a4ca18d96f0f457f3aaa2"
    case streamUnknown = "63f8f997895044d783fac7790b29d2f6"
    case streamRetired = "a386fea933aa4cc9bd817ac37dc55b88"
    case accountRetired = "c74cd23ff50b4fb79baff65b67fade11"
    case retirementFailed = "b1fe7a62da494698ad2d580c11ca591c"
    case accountFailed = "0f40d3279a3249b0b961b057837581e6"
    case searchFails = "292e51e8d17b49b59a53a66efedc041f"
    case searchRecovered = "8522431f1e804bc8b6602f2cf2add0d8"
    case gap = "890fd2b331d849f9abdae3c89ee539ba"
    case strayRecords = "82e1c15cd7484ce5ae5e53670d700789"
    case allowance = "70c1b76906044ee7b9b01072f49b759b"
    case spoolFull = "d696690b30d54353a0a60cdd53559fff"
    case spoolHasRoom = "409a8607e6a941eda03c60864aa5cf97"
    case diskFull = "33bc374c3c44410c90fd296256aab437"
    case diskHasRoom = "e3e2bc4547e1424b9fd8b8ed9cc8b1a6"
    case spoolDamaged = "0aae63f1f0db45f4bcca2bd5f71c8558"
    case sinkGap = "733d875ff0f84924b9fa11f318d6e2cb"
    case replayMoved = "d939c3f27198467fb9ac99acf4e980ff"
    case backfillFails = "05fdea930d3e44bf9d032d2a8a11560f"
    case backfillWaits = "f35a8acf6a444e969ed9e76fef7f2766"
    case backfillFinished = "61a2f15cfa254a5aa72ac0d73c910cb0"
    case deliveryFails = "2c71fc46679648ba8c09ea9adc37c5b8"
    case sinkHeld = "05f9ebf62adb4bebb867266a8db29ffc"
    case deliveryRecovered = "36106dd946a64aa292496149e1291316"
    case deadLetter = "a32ff5eb0ff44daca175cfe6c64efddc"
    case fileChangedByOthers = "93863e529b0e4c659401aa444b01a1b3"
    case fileNotTidied = "c3ec6d1a68fd46f18745102303efe4da"
    case recordsShortened = "5d3b8a0c6c1f4d7e9a52f0b7c4e81d96"
    case secretChanged = "ceacd82195324604b868ec00e5610b29"
    case secretUnreadable = "021278c8b49b4785b464aaf36b3134df"

    /// The name of the fact.
    package static let key = "message_id"
}

extension LogKind: CustomStringConvertible {
    /// The id, as 32 hexadecimal digits.
    package var description: String { rawValue }
}
