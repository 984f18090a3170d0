/// A day of the week.
public enum Weekday: Int, CaseIterable, Hashable, Sendable {
  case monday = 1
  case tuesday, wednesday, thursday, friday, saturday, sunday

  /// The day before.
  public var previous: Weekday {
    Weekday(rawValue: rawValue - 1) ?? .sunday
  }
}

/// One stretch in which a store is open, in minutes from the midnight its day begins with.
///
/// It may run past midnight: Friday 18:00 to 02:00 is `.friday, 1080 ..< 1560`.
public struct OpenInterval: Hashable, Sendable {
  public let day: Weekday
  /// 0 to 1439.
  public let opensMinute: Int
  /// The first minute it is closed again; more than `opensMinute`, by at most 1440.
  public let closesMinute: Int

  /// Throws `invalid` when the minutes are out of range.
  public init(day: Weekday, opensMinute: Int, closesMinute: Int) throws(Rejection) {
    guard (0..<OpeningHours.minutesPerDay).contains(opensMinute) else {
      throw Rejection(.invalid, "opening hours: opens must be minute 0 to 1439 of the day")
    }
    let last = opensMinute + OpeningHours.minutesPerDay
    guard closesMinute > opensMinute, closesMinute <= last else {
      throw Rejection(
        .invalid, "opening hours: closes must be after opens, and within 24 hours of it")
    }
    self.day = day
    self.opensMinute = opensMinute
    self.closesMinute = closesMinute
  }

  private init(unchecked day: Weekday, opensMinute: Int, closesMinute: Int) {
    self.day = day
    self.opensMinute = opensMinute
    self.closesMinute = closesMinute
  }

  static func wholeDay(_ day: Weekday) -> OpenInterval {
    OpenInterval(unchecked: day, opensMinute: 0, closesMinute: OpeningHours.minutesPerDay)
  }
}

/// When a store is open, week by week, in Korean time (UTC+9, without summer time).
public struct OpeningHours: Hashable, Sendable {
  public static let minutesPerDay = 1440
  /// The most intervals a week may have.
  public static let intervalsMax = 28

  public let intervals: [OpenInterval]

  /// Open day and night.
  public static let always = OpeningHours(unchecked: Weekday.allCases.map(OpenInterval.wholeDay))

  /// Throws `invalid` for more than `intervalsMax` intervals. None at all means never open.
  public init(_ intervals: [OpenInterval]) throws(Rejection) {
    guard intervals.count <= Self.intervalsMax else {
      throw Rejection(.invalid, "opening hours: more than \(Self.intervalsMax) intervals")
    }
    self.intervals = intervals
  }

  private init(unchecked intervals: [OpenInterval]) { self.intervals = intervals }

  /// Whether the store is open at this moment.
  public func isOpen(at moment: Timestamp) -> Bool {
    let (today, minute) = Self.localMinute(at: moment)
    let yesterday = today.previous
    return intervals.contains { interval in
      let here = interval.day == today ? minute : minute + Self.minutesPerDay
      return (interval.day == today || interval.day == yesterday)
        && interval.opensMinute <= here && here < interval.closesMinute
    }
  }

  /// The Korean weekday and minute of the day.
  public static func localMinute(at moment: Timestamp) -> (day: Weekday, minute: Int) {
    let minutes = floorDivide(moment.advanced(by: .seconds(9 * 3600)).ms, by: 60_000)
    let days = floorDivide(minutes, by: Int64(minutesPerDay))
    let minute = Int(minutes - days * Int64(minutesPerDay))
    // 1970-01-01 was a Thursday: day 0 has index 3, counting Monday as 0.
    let index = Int(days + 3 - 7 * floorDivide(days + 3, by: 7))
    return (Weekday(rawValue: index + 1) ?? .monday, minute)
  }

  private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
