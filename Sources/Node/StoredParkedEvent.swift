import Journal

/// The journal's parked event, beside the message of the same name.
typealias StoredParkedEvent = ParkedEvent
