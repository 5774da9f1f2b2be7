#include <algorithm>
#include <utility>

#include "harness/gate/run_in_progress.h"

namespace assay::gate {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Stopped;

Status Run::images(const Gate& gate, MakeImages make) {
  if (!result_.survey) return write(gate, stopped_record(gate, Stopped::no_device, no_device_why()));
  if (!takes_cubins())
    return write(gate, stopped_record(gate, Stopped::not_applicable,
                                      "an emulated driver takes PTX, so there is no image to edit"));
  observer_.begins(gate.id, gate.question);
  const Target device = result_.survey->device.own_target();
  const std::vector<ImageAttempt> attempts = make(image_seed(options_.nonce, gate, device), device);
  speakers_.insert_or_assign(std::string(gate.id), attempts.front().variant);
  AttemptRequest loads = request(AttemptRequest::Kind::images, "", "");
  check_prerequisites(gate, loads);
  loads.allowed = options_.patched_launch;
  AttemptRequest launches = loads;
  for (const ImageAttempt& image : unedited_first(attempts)) {
    const bool launched = loads.unmet.empty() && may_launch(image, options_.patched_launch);
    (launched ? launches : loads).work.push_back(work_of(gate, image, device));
  }
  if (Status loaded = ask_for_all(loads, &Run::keep_image); !loaded) return loaded;
  return launch_images(std::move(launches));
}

std::vector<ImageAttempt> Run::unedited_first(std::vector<ImageAttempt> attempts) {
  std::stable_partition(attempts.begin(), attempts.end(), [](const ImageAttempt& image) { return !image.edit; });
  return attempts;
}

AttemptWork Run::work_of(const Gate& gate, const ImageAttempt& image, Target device) {
  return {.gate = std::string(gate.id), .target = image_target(image, device), .variant = image.variant};
}

Status Run::keep_image(Record record) {
  const Gate& gate = *named(record.gate);
  const evidence::Verdict verdict = evidence::derive(record)->verdict;
  const bool launched = record.stage(Stage::launch).status != StageStatus::not_reached;
  const bool wrong = verdict == evidence::Verdict::faulted || verdict == evidence::Verdict::hung ||
                     verdict == evidence::Verdict::mismatch;
  if (launched && wrong) image_failed_ = true;
  return write(gate, std::move(record));
}

Status Run::launch_images(AttemptRequest pending) {
  for (const AttemptWork& work : std::exchange(pending.work, {})) {
    if (result_.interrupted != 0) return ok();
    if (result_.unwell) {
      if (Status written = write(*named(work.gate), unwell_record(work)); !written) return written;
      continue;
    }
    pending.work = {work};
    if (image_failed_) pending.unmet = "an edited image before this one went wrong";
    const bool launches = pending.unmet.empty() && !out_of_time();
    if (Status done = ask_for_all(pending, &Run::keep_image); !done) return done;
    if (!launches) continue;  // nothing ran, so there is nothing to look after
    if (Status checked = check_health(); !checked) return checked;
  }
  return ok();
}

Status Run::check_health() {
  const AttemptWork copy{
      .gate = std::string(kHealth), .target = device_target(), .variant = "", .attempt = ++health_checks_};
  AttemptRequest wanted = request(AttemptRequest::Kind::probe, "", "");
  wanted.work = {copy};
  check_prerequisites(*named(kHealth), wanted);
  Result<Reply> reply = ask(wanted);
  if (!reply) return reply.error();
  if (result_.interrupted != 0) return ok();
  const bool finished = !reply->finished.empty();
  Record record = finished ? std::move(reply->finished.front()) : cut_short(*reply, copy);
  if (finished) note_process(record, reply->child);
  if (record.stopped != Stopped::run_limit) {
    result_.unwell = !(finished && ended_well(*reply) && is_as_it_was(record));
    health_ = evidence::derive(record)->verdict;
  }
  return write(*named(kHealth), std::move(record));
}

bool Run::is_as_it_was(const Record& record) {
  const auto is_ok = [&](const evidence::ControlField& control) {
    return record.controls.*control.status == evidence::ControlStatus::ok;
  };
  return record.stage(Stage::verify).status == StageStatus::ok && std::ranges::all_of(evidence::kControls, is_ok);
}

Record Run::unwell_record(const AttemptWork& work) const {
  Record record = started(work, *named(work.gate));
  record.stopped = Stopped::prerequisite;
  record.prerequisites = {{std::string(kHealth), evidence::Verdict::proven, health_}};
  return record;
}

}  // namespace assay::gate
